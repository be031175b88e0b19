"""What an operator can decide about the models, and what can't be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from models.catalogue import CHURN, FRAUD, FRAUD_LINEAR, ModelSpec
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.commands import main
from streams.decisions import decisions
from streams.errors import Invalid, SnapshotUnusable
from streams.model_control import ModelControl
from streams.settings import Secret, Settings
from streams.snapshot_store import SnapshotStore
from tests.streams.worker.models_at_hand import KEY, N_EXAMPLES, learnt

BY = {"who": "ann", "why": "it is better"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, model_key=Secret(KEY), warm_up_examples=N_EXAMPLES)


@pytest.fixture
def store(settings: Settings, reader: Reader, writer: Writer) -> SnapshotStore:
    return SnapshotStore(settings, reader, writer)


@pytest.fixture
def control(settings: Settings) -> Iterator[ModelControl]:
    control = ModelControl(settings)
    yield control
    control.close()


def roles(control: ModelControl) -> dict[str, str]:
    """Of the models of fraud but the one that nobody decides about here, which stays idle."""
    found = {standing.model: standing.role for standing in control.standings() if standing.kind == "fraud"}
    assert found.pop(FRAUD_LINEAR.name) == "idle"
    return found


def test_decisions_are_kept_with_who_and_why(
    control: ModelControl, store: SnapshotStore, reader: Reader, fast: ModelSpec
) -> None:
    store.publish(learnt(FRAUD))
    version = store.publish(learnt(fast)).version
    assert roles(control) == {"fraud": "champion", fast.name: "idle"}
    control.challenge(fast.name, **BY)
    assert roles(control) == {"fraud": "champion", fast.name: "challenger"}
    control.promote(fast.name, **BY)
    assert roles(control) == {fast.name: "champion", "fraud": "challenger"}
    control.pin(fast.name, version, **BY)
    assert control.standings()[0].pinned == version
    control.unpin(fast.name, **BY)
    control.rollback("fraud", **BY)
    control.retire(fast.name, **BY)
    assert roles(control) == {"fraud": "champion", fast.name: "idle"}
    made = decisions(reader)
    actions = ["challenge", "promote", "pin", "unpin", "rollback", "retire"]
    assert [decision.action for decision in made] == actions
    assert {(decision.kind, decision.who, decision.why) for decision in made} == {("fraud", "ann", "it is better")}
    times = [decision.decided_ms for decision in made]
    assert times == sorted(set(times))
    assert made[4].model == "fraud", "a rollback says to whom"


def test_what_can_not_be_decided_says_why(control: ModelControl, store: SnapshotStore, fast: ModelSpec) -> None:
    def refused(message: str, function: str, *given: str) -> None:
        with pytest.raises(Invalid, match=message):
            getattr(control, function)(*given, **BY)

    for function in ("promote", "unpin", "challenge", "retire"):
        listed = "fraud, fraud-linear, churn, churn-linear, churn-long, fraud-fast"
        refused(f"there is no model 'x'; there are {listed}$", function, "x")
    refused("there is no model 'x'", "pin", "x", "x-1")
    refused("fraud-fast has no snapshot yet: `footfall models challenge fraud-fast` has it learn", "promote", fast.name)
    refused("there was no champion of fraud before fraud", "rollback", "fraud")
    refused("fraud is the champion of fraud already", "promote", "fraud")
    refused("fraud is the champion of fraud already", "challenge", "fraud")
    refused("fraud isn't pinned", "unpin", "fraud")
    refused("fraud is the champion of fraud: promote another or roll back", "retire", "fraud")
    refused("fraud-fast doesn't take part", "retire", fast.name)
    refused("fraud has no snapshot fraud-00000009-00000000", "pin", "fraud", "fraud-00000009-00000000")
    version = store.publish(learnt(fast, n=N_EXAMPLES - 1)).version
    cold = rf"{version} can't score yet: it has learnt 199 examples, \d+ of them positive, and needs 200"
    refused(cold, "promote", fast.name)
    refused(f"fraud has no snapshot {version}", "pin", "fraud", version)


def test_what_workers_would_refuse_is_refused(
    control: ModelControl, store: SnapshotStore, reader: Reader, fast: ModelSpec
) -> None:
    version = store.publish(replace(learnt(fast), river_version="0.1.0")).version
    with pytest.raises(SnapshotUnusable, match="made by River"):
        control.promote(fast.name, **BY)
    reader.query("ALTER TABLE models UPDATE flat = '' WHERE 1 SETTINGS mutations_sync = 1")
    with pytest.raises(SnapshotUnusable, match=f"model snapshot {version} was cleared"):
        control.pin(fast.name, version, **BY)
    assert decisions(reader) == []


def test_a_rollback_to_what_can_not_score_is_refused(
    control: ModelControl, store: SnapshotStore, reader: Reader, fast: ModelSpec
) -> None:
    store.publish(learnt(fast))
    control.promote(fast.name, **BY)
    with pytest.raises(Invalid, match="fraud has no snapshot yet"):
        control.rollback("fraud", **BY)


def test_a_clock_that_goes_back_changes_no_order(
    control: ModelControl, reader: Reader, fast: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.challenge(fast.name, **BY)
    monkeypatch.setattr("time.time_ns", lambda: 1)
    control.retire(fast.name, **BY)
    assert [decision.action for decision in decisions(reader)] == ["challenge", "retire"]


def test_a_pinned_snapshot_is_never_cleared(
    control: ModelControl, store: SnapshotStore, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.snapshot_store.KEPT_WHOLE", 1)
    monkeypatch.setattr("streams.snapshot_store._THIN_EVERY", 4)
    pinned = store.publish(learnt(FRAUD)).version
    control.pin("fraud", pinned, **BY)
    for _ in range(3):
        parent = store.latest_whole(FRAUD)
        assert parent is not None
        store.publish(learnt(FRAUD, store.load(FRAUD, parent)))
    reader.query("OPTIMIZE TABLE models FINAL")
    assert reader.query("SELECT flat != '' FROM models ORDER BY version") == [(1,), (0,), (0,), (1,)]
    assert control.show("fraud", pinned).is_whole
    assert not control.show("fraud", parent.version).is_whole


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["models", *arguments], env={"COLUMNS": "200"})


@pytest.mark.usefixtures("environment", "fast")
class TestCommand:
    def test_list(self, store: SnapshotStore) -> None:
        version = store.publish(learnt(CHURN)).version
        result = run("list")
        assert result.exit_code == 0, result.output
        header, *lines = result.output.splitlines()
        assert header.split()[:4] == ["kind", "model", "role", "version"]
        assert [line.split()[:3] for line in lines] == [
            ["fraud", "fraud", "champion"],
            ["fraud", "fraud-linear", "idle"],
            ["fraud", "fraud-fast", "idle"],
            ["churn", "churn", "champion"],
            ["churn", "churn-linear", "idle"],
            ["churn_long", "churn-long", "champion"],
        ]
        assert version in lines[3]
        objects = [json.loads(line) for line in run("list", "--json").output.splitlines()]
        assert [one["model"] for one in objects] == [line.split()[1] for line in lines]
        assert objects[3]["examples"] == N_EXAMPLES

    def test_show(self, store: SnapshotStore, writer: Writer) -> None:
        version = store.publish(learnt(FRAUD)).version
        day = {"kind": ["fraud"], "model": ["fraud"], "day": [datetime(2026, 2, 1, tzinfo=UTC).date()], "n": [7]}
        writer.insert("model_metrics", day | {"roc_auc": [0.75], "mean_label_delay_ms": [86_400_000.0]}, token=version)
        assert run("pin", "fraud", version, "--why", "[an audit]", "--who", "bob").exit_code == 0
        for name in ("fraud", f"fraud/{version}"):
            result = run("show", name)
            assert result.exit_code == 0, result.output
            for part in (version, f"{N_EXAMPLES} examples", "2026-02-01", "0.750", "1.0 d", "[an audit]", "bob"):
                assert part in result.output
        shown = json.loads(run("show", "fraud", "--json").output)
        assert shown["standing"]["pinned"] == version
        assert shown["days"][0]["n"] == 7
        assert shown["decisions"][0]["action"] == "pin"

    def test_drift(self, writer: Writer) -> None:
        day = datetime(2026, 2, 1, tzinfo=UTC).date()
        rows = {
            "kind": ["churn"] * 3,
            "model": ["churn"] * 3,
            "day": [day] * 3,
            "what": ["score", "feature", "feature"],
        }
        rows |= {"feature": ["", "recency", "orders"], "value": [0.1, 0.7, float("nan")], "threshold": [0.25] * 3}
        writer.insert("model_drift", rows | {"drifted": [0, 1, 0], "n": [60] * 3}, token=str(day))
        told = {"alert_id": ["a"], "kind": ["drift.feature"], "model": ["churn"], "subject": ["recency"]}
        writer.insert("system_alerts", told | {"day": ["2026-01-30"]}, token=str(day))
        header, first, *_ = run("drift").output.splitlines()
        assert header.split()[:3] == ["model", "what", "day"]
        assert first.split() == ["churn", "recency", "2026-02-01", "0.700", "!", "0.250", "60", "0", "2026-01-30"]
        objects = [json.loads(line) for line in run("drift", "churn", "--json").output.splitlines()]
        assert [(one["what"], one["feature"], one["drifted"]) for one in objects] == [
            ("feature", "recency", True),
            ("score", "", False),
            ("feature", "orders", False),
        ]
        assert run("drift", "fraud").output.count("\n") <= 1
        assert run("drift", "x").exit_code == 2

    def test_decisions_say_what_they_did(self, store: SnapshotStore) -> None:
        store.publish(learnt(FRAUD))
        version = store.publish(learnt(replace(FRAUD, name="fraud-fast"))).version
        said = [
            ("challenge fraud-fast", "fraud-fast challenges the champion of fraud from now on."),
            ("promote fraud-fast", "fraud-fast is the champion of fraud now."),
            (f"pin fraud-fast {version}", f"Workers stay at {version}, while fraud-fast goes on learning."),
            ("unpin fraud-fast", "Workers follow the latest version of fraud-fast again."),
            ("rollback fraud", "fraud is the champion of fraud again."),
            ("retire fraud-fast", "fraud-fast neither learns nor scores any more."),
        ]
        for arguments, message in said:
            result = run(*arguments.split())
            assert (result.exit_code, result.output) == (0, f"{message}\n")

    def test_an_error_is_one_line(self) -> None:
        for arguments in ("promote x", "show x", "show fraud", "show fraud/x", "rollback churn", "unpin churn"):
            result = run(*arguments.split())
            assert result.exit_code == 2, arguments
            assert result.output.startswith("footfall: ")
            assert result.output.count("\n") == 1
        assert run("rollback", "x").exit_code == 2

    def test_without_a_key_nothing_that_scores_is_decided(
        self, store: SnapshotStore, fast: ModelSpec, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.publish(learnt(fast))
        monkeypatch.delenv("FOOTFALL_MODEL_KEY")
        assert run("list").exit_code == 0
        result = run("promote", fast.name)
        assert result.exit_code == 2
        assert "FOOTFALL_MODEL_KEY is empty" in result.output
