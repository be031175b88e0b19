"""Back-tests of a small town: nothing leaks from the future, and two runs give the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from models.catalogue import CHURN, FRAUD
from models.engine import Engine
from streams.backtest.activity import DAY_MS
from streams.backtest.clock import Clock
from streams.backtest.cutoffs import CutoffTest
from streams.backtest.online import OnlineModel
from streams.backtest.run import Backtest
from streams.backtest.sweeps import Sweeps
from streams.backtest.trials import CUTOFFS, trial_of
from streams.commands import main
from streams.errors import Invalid
from streams.replay.sources import SOURCES
from tests.streams.backtest.town import START, Event, events, written

HOUR_MS = 3_600_000
MID = START + 28 * DAY_MS


class Recorded(Backtest):
    """Notes every score as it is given."""

    scores: dict[tuple[str, str, str], float]

    def expect(self, model: str, scored: Any) -> None:
        self.scores = getattr(self, "scores", {})
        self.scores |= {(model, one.user_id, one.event_id): one.score for one in scored}
        super().expect(model, scored)


def scores_of(file: Path) -> dict[tuple[str, str, str], float]:
    models = {spec.name: OnlineModel(spec, warm_up_examples=50) for spec in (FRAUD, CHURN)}
    backtest = Recorded(models, engine=Engine(churn_horizon_ms=7 * DAY_MS), watchers=[Sweeps(CHURN.name)])
    backtest.run(Clock(every_ms=HOUR_MS, duplicate_window=1_000).steps(SOURCES["jsonl"].events(file)))
    return backtest.scores


@pytest.fixture(scope="module")
def town() -> list[Event]:
    return events()


@pytest.fixture(scope="module")
def scores(town: list[Event], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], float]:
    return scores_of(written(tmp_path_factory.mktemp("town") / "events.jsonl", town))


def shuffled_after(made: list[Event], at_ms: int) -> list[Event]:
    """The same times, but what happens from ``at_ms`` on happens to others, and labels say something else."""
    rng = np.random.default_rng(9)
    later = [event for event in made if event["ts"] >= at_ms]
    order = rng.permutation(len(later)).tolist()
    moved = [later[place] | {"ts": event["ts"]} for place, event in zip(order, later, strict=True)]
    for event in moved:
        if event["type"] == "fraud_label":
            event["verdict"] = "ok" if rng.random() < 0.5 else "fraud"
    return [event for event in made if event["ts"] < at_ms] + moved


@pytest.mark.parametrize("at_ms", [MID, MID + 13 * 60_000 + 1])
def test_no_score_depends_on_what_comes_later(
    at_ms: int, town: list[Event], scores: dict[tuple[str, str, str], float], tmp_path: Path
) -> None:
    others = scores_of(written(tmp_path / "events.jsonl", shuffled_after(town, at_ms)))
    before = {event["event_id"] for event in town if event["ts"] < at_ms}
    before |= {f"sweep-{midnight}" for midnight in range(START, at_ms, DAY_MS)}
    early = {identity: score for identity, score in scores.items() if identity[2] in before}
    given = np.array(list(early.values()))
    assert np.isfinite(given).sum() > 300
    np.testing.assert_array_equal(given, [others[identity] for identity in early])
    late = {identity for identity in scores.keys() - early.keys() if identity in others}
    assert any(scores[identity] != others[identity] for identity in late)


def test_models_learn_something(town: list[Event], scores: dict[tuple[str, str, str], float]) -> None:
    fraud = {event["target"] for event in town if event.get("verdict") == "fraud"}
    of_frauds = [at for (model, _, event), at in scores.items() if model == "fraud" and event in fraud]
    of_others = [at for (model, _, event), at in scores.items() if model == "fraud" and event not in fraud]
    assert np.nanmean(of_frauds) > 2 * np.nanmean(of_others)


def test_two_runs_print_the_same(town: list[Event], tmp_path: Path) -> None:
    file = written(tmp_path / "events.jsonl", town)
    runs = [CliRunner().invoke(main, ["backtest", "jsonl", "--path", str(file), "--json"]) for _ in range(2)]
    assert [run.exit_code for run in runs] == [0, 0]
    assert runs[0].output == runs[1].output
    figures = json.loads(runs[0].stdout.splitlines()[-1])["models"]
    labels = sum(event["type"] == "fraud_label" for event in town)
    assert 0 < figures["fraud"]["n"] < labels
    assert figures["fraud"]["auc"] > 0.7
    assert sum(one["n"] for one in figures["fraud"]["calibration"]) == figures["fraud"]["n"]


def test_people_get_tables(town: list[Event], tmp_path: Path) -> None:
    file = written(tmp_path / "events.jsonl", town)
    printed = CliRunner().invoke(main, ["backtest", "jsonl", "--path", str(file)]).stdout
    assert "jsonl: model fraud, by when it scored" in printed
    assert "fraud: calibration by decile" in printed


def test_a_source_without_a_trial_is_refused() -> None:
    result = CliRunner().invoke(main, ["backtest", "taobao"])
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        "footfall: taobao can't be back-tested; what can is fraud-handbook, online-retail, jsonl",
    )


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.jsonl").write_text('{"type": "click"}')
    with pytest.raises(Invalid, match="line 1"):
        scores_of(tmp_path / "no.jsonl")


def test_a_picture_needs_matplotlib_and_says_so(
    town: list[Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.backtest.plot.find_spec", lambda name: None)
    file, picture = written(tmp_path / "events.jsonl", town), tmp_path / "plot.png"
    result = CliRunner().invoke(main, ["backtest", "jsonl", "--path", str(file), "--plot", str(picture)])
    assert result.exit_code == 2
    assert result.stderr.endswith("footfall: --plot needs matplotlib: pip install 'footfall[plot]'\n")
    assert not picture.exists()


def test_a_picture_is_drawn(town: list[Event], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    file, picture = written(tmp_path / "events.jsonl", town), tmp_path / "plot.png"
    result = CliRunner().invoke(main, ["backtest", "jsonl", "--path", str(file), "--plot", str(picture)])
    assert result.exit_code == 0, result.output
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_an_ablation_has_a_row_for_each_choice(tmp_path: Path) -> None:
    file = written(tmp_path / "events.jsonl", events(days=25, shoppers=25))
    result = CliRunner().invoke(main, ["backtest", "jsonl", "--path", str(file), "--ablation", "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout.splitlines()[-1])["ablation"]
    names = [row["choice"] for row in rows]
    assert names[0] == "as served"
    assert {"fraud without amounts", "churn without recency", "fraud-linear", "churn-linear", "straight lines"} <= set(
        names
    )
    assert all(row["fraud_label_us"] > 0 for row in rows)
    without_amounts = rows[names.index("fraud without amounts")]
    assert without_amounts["fraud ap"] != rows[0]["fraud ap"]


def test_the_test_weeks_are_the_handbook_s(data_file: Callable[[str], Path]) -> None:
    from streams.backtest.judged import Columns
    from streams.backtest.protocol import TEST_WEEKS, week_of

    pd = pytest.importorskip("pandas")
    rows = pd.read_parquet(data_file("fraud_handbook.parquet"), columns=["TX_DATETIME", "CUSTOMER_ID", "TX_FRAUD"])
    ts = rows["TX_DATETIME"].to_numpy(dtype="datetime64[ms]").astype(np.int64)
    customer, fraud = rows["CUSTOMER_ID"].to_numpy(dtype=np.int64), rows["TX_FRAUD"].to_numpy() == 1
    week = week_of(Columns(ts, customer, fraud, fraud.astype(np.float64)), TEST_WEEKS[0])
    assert (week.start, week.n, week.frauds, week.auc, week.ap) == ("2018-08-08", 58_264, 385, 1.0, 1.0)


def test_a_year_of_a_shop_is_told_at_the_cutoffs() -> None:
    result = CliRunner().invoke(main, ["backtest", "online-retail", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout.splitlines()[-1])["cutoffs"]
    assert [(one["cutoff"], one["horizon_days"], one["n"]) for one in found] == [
        (*cutoff, n) for cutoff, n in zip(CUTOFFS, (2_685, 2_810, 3_274), strict=True)
    ]
    assert all(one["auc"] > 0.72 and one["brier"] < 0.22 for one in found)


def test_a_trial_is_known_by_its_source() -> None:
    assert trial_of("online-retail").kinds == ("churn",)


def test_a_horizon_that_cannot_be_chained_is_refused() -> None:
    backtest = Backtest(
        {CHURN.name: OnlineModel(CHURN, warm_up_examples=1)}, engine=Engine(churn_horizon_ms=60 * DAY_MS)
    )
    with pytest.raises(Invalid, match="90 days aren't a multiple of the churn horizon, 60 days"):
        CutoffTest(CHURN.name, "2011-06-11", 90)(1_307_750_400_000, backtest)
