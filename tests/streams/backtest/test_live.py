"""A candidate beside the champion over what the tables hold: as a back-test of the same events in a file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from models.catalogue import CHURN, CHURN_LINEAR, FRAUD, FRAUD_LINEAR, ModelSpec
from models.engine import Engine
from models.lineup import Decision
from schemas.alerts import alert_id
from schemas.batch import NUMBERS
from schemas.decode import Decoder
from schemas.events import EVENT_TYPES
from schemas.records import Record
from schemas.tables import ROW_TABLES, TABLES
from streams.backtest.activity import DAY_MS
from streams.backtest.changes import Pairs, changes
from streams.backtest.clock import Clock
from streams.backtest.live import backtest_live
from streams.backtest.online import OnlineModel
from streams.backtest.run import Backtest
from streams.backtest.tables import parts
from streams.clickhouse.writer import Writer
from streams.commands import main
from streams.decisions import write_decision
from streams.errors import Fatal, Invalid
from streams.replay.chunk import TOPIC_OF_TYPE
from streams.replay.sources import SOURCES
from streams.settings import Settings
from tests.streams.backtest.town import START, Event, events, written

HOUR_MS = 3_600_000
DAYS = 12
WARM_UP = 50
THRESHOLD = 0.3


class Noted(Backtest):
    """Notes every score as it is given, and every label as it is learnt, by user and event."""

    scores: dict[str, dict[tuple[str, str], float]]
    labels: dict[tuple[str, str], bool]

    def expect(self, model: str, scored: Any) -> None:
        self.scores[model] |= {(one.user_id, one.event_id): one.score for one in scored}
        super().expect(model, scored)

    def judge(self, model: str, labelled: Any) -> None:
        self.labels |= {(one.scored.user_id, one.scored.event_id): one.label for one in labelled}
        super().judge(model, labelled)


def of_file(file: Path, *specs: ModelSpec, horizon_ms: int = 30 * DAY_MS) -> Noted:
    """The back-test of a file of JSON lines."""
    models = {spec.name: OnlineModel(spec, warm_up_examples=WARM_UP) for spec in specs}
    backtest = Noted(models, engine=Engine(churn_horizon_ms=horizon_ms))
    backtest.scores, backtest.labels = {name: {} for name in models}, {}
    backtest.run(Clock(every_ms=HOUR_MS, duplicate_window=1_000).steps(SOURCES["jsonl"].events(file)))
    return backtest


def insert(writer: Writer, made: list[Event], *, insertion: str = "town", written_ms: int = 1) -> None:
    """Rows as workers write them, the latest events first."""
    for table in ("events", "labels"):
        rows = [event for event in reversed(made) if ROW_TABLES[TOPIC_OF_TYPE[event["type"]]] == table]
        if not rows:
            continue
        columns: dict[str, Any] = {
            "topic": [TOPIC_OF_TYPE[event["type"]] for event in rows],
            "type_code": np.array([EVENT_TYPES[event["type"]] for event in rows], dtype=np.uint8),
            "written_ms": [written_ms] * len(rows),
        }
        for name in TABLES[table].keys() & {name for event in rows for name in event} - {"type"}:
            columns[name] = [event.get(name, 0.0 if name in NUMBERS else "") for event in rows]
        if table == "events":
            columns["quantity"] = [1.0] * len(rows)  # what the contract says where an event doesn't
        writer.insert(table, columns, token=f"{insertion}-{table}")


@pytest.fixture(scope="module")
def town() -> list[Event]:
    return events(days=40, shoppers=30)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, warm_up_examples=WARM_UP, churn_horizon_days=7, fraud_threshold=THRESHOLD)


def run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["backtest", "live", *arguments], env=settings.to_env())


def test_the_tables_give_what_a_file_of_the_same_events_gives(
    settings: Settings, writer: Writer, town: list[Event], tmp_path: Path
) -> None:
    insert(writer, town)
    expected = of_file(written(tmp_path / "events.jsonl", town), FRAUD, FRAUD_LINEAR)
    found = backtest_live(settings, days=100, candidate=FRAUD_LINEAR.name)
    assert found.champion == FRAUD.name
    identities = list(expected.scores[FRAUD.name])
    assert len(identities) == sum(event["type"] == "purchase" for event in town)
    np.testing.assert_array_equal(found.pairs.champion, list(expected.scores[FRAUD.name].values()))
    np.testing.assert_array_equal(found.pairs.candidate, list(expected.scores[FRAUD_LINEAR.name].values()))
    np.testing.assert_array_equal(found.pairs.label, [expected.labels.get(identity, -1) for identity in identities])
    paid = {event["event_id"]: event["amount"] for event in town if event["type"] == "purchase"}
    np.testing.assert_array_equal(found.pairs.amount, [paid[event_id] for _, event_id in identities])
    figures = {FRAUD.name: found.metrics["champion"], FRAUD_LINEAR.name: found.metrics["candidate"]}
    for name, of in figures.items():
        judged = expected.judged[name].scored()
        assert (of["n"], of["positives"]) == (len(judged.label), int(judged.label.sum()))
        assert of["brier"] == np.mean((judged.score - judged.label) ** 2)


def test_only_the_last_days_are_compared_and_what_lies_before_is_learnt(
    settings: Settings, writer: Writer, town: list[Event], fast: ModelSpec, tmp_path: Path
) -> None:
    """What is gained and lost, counted one by one from the scores of a file's back-test."""
    insert(writer, town)
    insert(
        writer, town[-200:], insertion="again", written_ms=2
    )  # a replay's rows, which the table has twice for a while
    expected = of_file(written(tmp_path / "events.jsonl", town), FRAUD, fast)
    last_ms = max(event["ts"] for event in town if event["type"] != "fraud_label")
    sums = {name: {"positive": 0.0, "negative": 0.0, "unlabelled": 0.0} for name in ("gained", "lost", "kept")}
    counts = dict.fromkeys(sums, 0)
    for event in town:
        if event["type"] != "purchase" or event["ts"] <= last_ms - DAYS * DAY_MS:
            continue
        identity = event["user_id"], event["event_id"]
        was, would = (expected.scores[name][identity] >= THRESHOLD for name in (FRAUD.name, fast.name))
        if was or would:
            name = "kept" if was and would else "lost" if was else "gained"
            label = {True: "positive", False: "negative", None: "unlabelled"}[expected.labels.get(identity)]
            counts[name] += 1
            sums[name][label] += event["amount"]
    assert min(counts.values()) > 0, "the town has some of each"

    done = run(settings, "--days", str(DAYS), "--candidate", fast.name, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["days"], found["kind"]) == (DAYS, "fraud")
    assert (found["champion"], found["candidate"]) == (FRAUD.name, fast.name)
    assert found["alerts"] == counts
    for name, money in sums.items():
        assert found["money"][name] == pytest.approx(money)
    assert found["metrics"].keys() == {"champion", "candidate"}
    again = run(settings, "--days", str(DAYS), "--candidate", fast.name, "--json")
    assert again.stdout == done.stdout


def test_churn_is_told_by_silence(settings: Settings, writer: Writer, town: list[Event], tmp_path: Path) -> None:
    insert(writer, town)
    expected = of_file(written(tmp_path / "events.jsonl", town), CHURN, CHURN_LINEAR, horizon_ms=7 * DAY_MS)
    found = backtest_live(settings, days=100, candidate=CHURN_LINEAR.name)
    np.testing.assert_array_equal(found.pairs.champion, list(expected.scores[CHURN.name].values()))
    np.testing.assert_array_equal(found.pairs.candidate, list(expected.scores[CHURN_LINEAR.name].values()))
    assert {-1, 0, 1} == set(found.pairs.label.tolist())
    assert found.metrics["candidate"]["n"] == len(expected.judged[CHURN_LINEAR.name].scored().label) > 100


def test_who_is_champion_is_asked_of_the_decisions(settings: Settings, writer: Writer, town: list[Event]) -> None:
    insert(writer, town[:400])
    write_decision(writer, Decision(kind="fraud", decided_ms=1, action="promote", model=FRAUD_LINEAR.name))
    before = backtest_live(settings, days=3, candidate=FRAUD.name)
    assert before.champion == FRAUD_LINEAR.name
    with pytest.raises(Invalid, match="fraud-linear is the champion of fraud already"):
        backtest_live(settings, days=3, candidate=FRAUD_LINEAR.name)


def test_less_history_is_less_learnt(settings: Settings, writer: Writer, town: list[Event]) -> None:
    insert(writer, town)
    short = backtest_live(settings, days=DAYS, candidate=FRAUD_LINEAR.name, history_days=0)
    full = backtest_live(settings, days=DAYS, candidate=FRAUD_LINEAR.name)
    assert len(short.pairs.label) == len(full.pairs.label)
    assert np.isnan(short.pairs.champion[0])
    assert np.isfinite(full.pairs.champion).all()


def test_what_an_analyst_said_of_an_alert_is_a_label(settings: Settings, writer: Writer, town: list[Event]) -> None:
    purchases = [event for event in town if event["type"] == "purchase"][:20]
    insert(writer, purchases)
    ids = [alert_id("fraud", "carts", event["user_id"], event["event_id"]) for event in purchases]
    for kind, event, alert in zip(["fraud"] * 19 + ["churn"], purchases, ids, strict=True):
        about = {"alert_id": [alert], "kind": [kind], "user_id": [event["user_id"]], "event_id": [event["event_id"]]}
        writer.insert("alerts", about, token=alert)
    said = [
        {
            "type": "alert_ack",
            "event_id": f"a{number}",
            "user_id": event["user_id"],
            "ts": event["ts"] + 1,
            "target": alert,
            "verdict": ("fraud", "ok", "ignore")[number % 3],
        }
        for number, (event, alert) in enumerate(zip(purchases, ids, strict=True))
    ]
    insert(writer, said, insertion="said")
    found = [part.labels for part in parts(settings, START)]
    told = {
        target: verdict
        for labels in found
        for target, verdict in zip(labels.target.tolist(), labels.verdict.tolist(), strict=True)
    }
    assert told == {
        event["event_id"]: one["verdict"]
        for event, one in zip(purchases[:19], said, strict=False)
        if one["verdict"] != "ignore"
    }
    assert {kind for labels in found for kind in labels.type.tolist()} == {EVENT_TYPES["fraud_label"]}


def test_events_come_as_the_decoder_gives_them(settings: Settings, writer: Writer, town: list[Event]) -> None:
    """Of all that models are made of."""
    made = [event for event in town if event["type"] == "purchase"][:50]
    for number, event in enumerate(made):
        event |= {"device": f"d{number}", "country": "DE", "session": "s", "ip": "10.0.0.1", "item": "sku-ü"}
    insert(writer, made)
    (part,) = parts(settings, START)
    values = [json.dumps(event).encode() for event in made]
    records = [
        Record(row, event["ts"], event["user_id"].encode(), value)
        for row, (event, value) in enumerate(zip(made, values, strict=True))
    ]
    expected = Decoder("carts").decode(0, records).events
    for name in ("event_id", "user_id", "item", "session", "card", "ip", "device", "country", "merchant"):
        assert getattr(part.events, name).tolist() == getattr(expected, name).tolist()
    for name in ("offset", "type", "ts", *NUMBERS):
        np.testing.assert_array_equal(getattr(part.events, name), getattr(expected, name))
        assert getattr(part.events, name).dtype == getattr(expected, name).dtype


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--days", "7", "--candidate", "x"),
            "there is no model 'x'; there are fraud, fraud-linear, churn, churn-line",
        ),
        (("--days", "7", "--candidate", "fraud"), "fraud is the champion of fraud already"),
        (("--days", "7", "--candidate", "fraud-linear"), "there are no events in ClickHouse"),
        (("--days", "7"), "live needs --days and --candidate"),
        (("--days", "7", "--candidate", "fraud-linear", "--ablation"), "live reads ClickHouse"),
        (("--days", "0", "--candidate", "fraud-linear"), "0 is not in the range 1<=x<=3650"),
    ],
)
def test_what_can_not_be_run_is_refused(settings: Settings, arguments: tuple[str, ...], message: str) -> None:
    done = run(settings, *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_window_without_purchases_is_refused(settings: Settings, writer: Writer) -> None:
    insert(writer, [{"type": "click", "event_id": "c", "user_id": "u", "ts": START}])
    with pytest.raises(Invalid, match="no purchase among the events of the last 7 days"):
        backtest_live(settings, days=7, candidate=FRAUD_LINEAR.name)


def test_a_fault_of_clickhouse_is_one_line(settings: Settings, reader: Any) -> None:
    reader.query("DROP TABLE alerts")
    with pytest.raises(Fatal, match="reading events, code 60"):
        list(parts(settings, START))


def test_options_of_live_are_for_live_alone() -> None:
    done = CliRunner().invoke(main, ["backtest", "online-retail", "--days", "7"])
    assert (done.exit_code, done.stderr) == (
        2,
        "footfall: --days, --candidate and --history-days are for live, not for online-retail\n",
    )


def test_another_threshold_moves_alerts() -> None:
    score = np.array([0.2, 0.5, np.nan, 0.9])
    pairs = Pairs(score, score[::-1].copy(), np.array([1.0, 2.0, 4.0, 8.0]), np.array([0, 1, 1, -1], np.int8))
    found = changes(pairs, threshold=0.5)
    assert {name: sum(group.alerts.values()) for name, group in found.items()} == {"gained": 2, "lost": 2, "kept": 0}
    assert found["gained"].money == {"positive": 4.0, "negative": 1.0, "unlabelled": 0.0}
    assert found["lost"].money == {"positive": 2.0, "negative": 0.0, "unlabelled": 8.0}
    stricter = changes(pairs, threshold=0.5, candidate_threshold=0.6)
    assert sum(stricter["gained"].alerts.values()) == 1
