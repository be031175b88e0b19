"""Exactly once: a learner that dies between any two writes, or isn't alone, learns each example once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from river import linear_model, preprocessing

from models.catalogue import CHURN, FRAUD
from models.pipelines import FACTORIES
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Fatal, Retryable, SettingError
from streams.learner.rounds import LearnerRounds
from streams.settings import Secret, Settings
from streams.snapshot_store import SnapshotStore
from tests.streams.learner.planted import DAY_MS, HORIZON_MS, Planted, Start

END = HORIZON_MS


class Crash(Exception):
    """A process that ended there."""


@pytest.fixture
def due(planted: Planted) -> Planted:
    planted.predictions(*((f"u{n}", "e", n) for n in range(20)))
    planted.events(*((f"u{n}", DAY_MS + n + 1) for n in range(0, 20, 2)))
    planted.ledger(0, END + 9)  # 10 of them
    return planted


@pytest.fixture
def store(keyed: Settings, reader: Reader, writer: Writer) -> SnapshotStore:
    return SnapshotStore(keyed, reader, writer)


@pytest.mark.parametrize("moment", ["before learnt", "after learnt", "after models"])
@pytest.mark.parametrize("restarted", [True, False])
@pytest.mark.parametrize("meanwhile", [True, False])
def test_a_crash_between_any_two_writes_loses_and_doubles_nothing(
    due: Planted,
    start: Start,
    store: SnapshotStore,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    restarted: bool,
    meanwhile: bool,
) -> None:
    insert = Writer.insert

    def crashing(self: Writer, table: str, *args: object, **kwargs: object) -> None:
        if moment == "before learnt":
            raise Crash
        insert(self, table, *args, **kwargs)  # type: ignore[arg-type]
        if moment == f"after {table}":
            raise Crash

    rounds = start()
    with monkeypatch.context() as broken:
        broken.setattr(Writer, "insert", crashing)
        with pytest.raises(Crash):
            rounds.run_once()
    if meanwhile:  # then the round that failed can't be repeated as it was
        due.ledger(0, END + 14)
    again = start() if restarted else rounds
    done = again.run_once()
    assert done.learnt == (0 if moment == "after models" else 10) + (5 if meanwhile else 0)
    assert len(due.learnt("churn")) == (15 if meanwhile else 10)
    due.ledger(0, END + 100)
    again.run_once()
    assert due.learnt("churn") == {(f"u{n}", "e"): n % 2 for n in range(20)}
    latest = store.latest(CHURN)
    assert latest is not None
    assert latest.snapshot.examples == 20
    assert latest.snapshot.positives == 10


def test_killed_in_the_middle_of_a_round(due: Planted, start: Start, keyed: Settings, store: SnapshotStore) -> None:
    script = (
        "import os, signal\n"
        "from models.catalogue import CHURN\n"
        "from streams.learner.rounds import learner_rounds\n"
        "from streams.settings import Settings\n"
        "from streams.snapshot_store import SnapshotStore\n"
        "SnapshotStore.publish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "learner_rounds(CHURN, Settings.from_env(os.environ), clock_ms=lambda: 1).run_once()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], env=os.environ | keyed.to_env(), check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert due.learnt("churn") == {}
    assert start().run_once().learnt == 10
    assert start().run_once().learnt == 0
    assert len(due.learnt("churn")) == 10


def test_a_learner_goes_on_from_the_snapshot_of_the_one_before(due: Planted, start: Start) -> None:
    first = start().run_once()
    due.ledger(0, END + 100)
    second = start().run_once()
    assert (first.learnt, second.learnt) == (10, 10)
    assert second.version.startswith("churn-00000002-")


def test_nothing_learnt_is_no_snapshot(due: Planted, start: Start, store: SnapshotStore) -> None:
    assert start(FRAUD).run_once().version == ""
    assert store.latest(FRAUD) is None
    rounds = start()
    version = rounds.run_once().version
    assert rounds.run_once().version == version == store.version("churn")


def test_a_model_whose_snapshots_were_removed_learns_afresh(
    due: Planted, start: Start, store: SnapshotStore, reader: Reader
) -> None:
    rounds = start()
    rounds.run_once()
    first = store.latest(CHURN)
    reader.query("ALTER TABLE models DELETE WHERE name = 'churn' SETTINGS mutations_sync = 1")
    assert rounds.run_once().learnt == 10
    again = store.latest(CHURN)
    assert first is not None
    assert again is not None
    assert again.snapshot.version == first.snapshot.version, "it depends on the examples alone"
    assert again.snapshot.sha256 == first.snapshot.sha256
    assert again.snapshot.flat == first.snapshot.flat
    assert rounds.run_once().learnt == 0


def test_learners_that_take_turns_learn_each_example_once(due: Planted, start: Start, store: SnapshotStore) -> None:
    one, other = start(batch_examples=3), start(batch_examples=3)
    due.ledger(0, END + 100)
    assert [rounds.run_once().learnt for rounds in (one, other) * 4] == [3, 3, 3, 3, 3, 3, 2, 0]
    assert len(due.learnt("churn")) == 20


@pytest.mark.parametrize("watermark", [END + 11, END + 12, END + 13, END + 14])
def test_of_two_learners_at_once_one_snapshot_counts(
    due: Planted, start: Start, store: SnapshotStore, monkeypatch: pytest.MonkeyPatch, watermark: int
) -> None:
    one, other = start(), start()
    with monkeypatch.context() as blind:  # neither sees that the other has published meanwhile
        blind.setattr(LearnerRounds, "_follow", lambda self: None)
        versions = {one.run_once().version}
        due.ledger(0, watermark)
        versions.add(other.run_once().version)
    assert len(versions) == 2
    due.ledger(0, END + 100)
    one.run_once()
    assert other.run_once().learnt == 0
    latest = store.latest(CHURN)
    assert latest is not None
    assert latest.snapshot.examples == 20
    assert latest.snapshot.positives == 10


def test_figures_are_of_the_scores_as_they_were_predicted(planted: Planted, start: Start, store: SnapshotStore) -> None:
    planted.predictions(("busy", "e", 0), score=0.2)
    planted.predictions(("silent", "e", 0), score=0.7)
    planted.predictions(("cold", "e", 0), score=float("nan"))
    planted.events(("busy", DAY_MS))
    planted.ledger(0, END)
    start().run_once()
    latest = store.latest(CHURN)
    assert latest is not None
    assert latest.snapshot.metrics["roc_auc"] == 1.0
    assert latest.snapshot.metrics["brier"] == pytest.approx((0.04 + 0.09) / 2, rel=1e-5)
    assert latest.snapshot.metrics["scored"] == 2
    assert latest.snapshot.examples == 3


def test_every_version_stays_at_hand(due: Planted, start: Start, store: SnapshotStore) -> None:
    assert store.versions() == {}
    assert store.latest(CHURN) is None
    first = start().run_once().version
    assert store.versions() == {"churn": first}
    due.ledger(0, END + 100)
    second = start().run_once().version
    assert store.versions() == {"churn": second}
    for version in (first, second):
        found = store.at(CHURN, version)
        assert found is not None
        assert found.snapshot.version == version
    latest = store.latest(CHURN)
    assert latest is not None
    assert latest.snapshot.version == second
    assert store.at(CHURN, "churn-00000009-00000000") is None
    assert store.at(FRAUD, first) is None


def test_a_snapshot_signed_with_another_key_stops_learner_and_worker(
    due: Planted, start: Start, keyed: Settings, reader: Reader, writer: Writer
) -> None:
    start().run_once()
    other = SnapshotStore(replace(keyed, model_key=Secret("another")), reader, writer)
    for latest in (other.latest, other.latest_whole):
        with pytest.raises(Fatal, match="signed with another key, or altered since"):
            latest(CHURN)


def test_a_snapshot_of_another_river_stops_learner_and_worker(
    due: Planted, start: Start, store: SnapshotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr("models.learning.river_version", lambda: "0.1.0")
        start().run_once()
    with pytest.raises(Fatal, match=r"made by River 0\.1\.0; this is River .* remove the rows of 'churn'"):
        store.latest(CHURN)
    with pytest.raises(Fatal, match=r"made by River 0\.1\.0; this is River .* remove the rows of 'churn'"):
        start().run_once()


def test_another_pickle_in_the_table_stops_the_learner(
    due: Planted, start: Start, reader: Reader, store: SnapshotStore
) -> None:
    start().run_once()
    reader.query("ALTER TABLE models UPDATE snapshot = 'another' WHERE 1 SETTINGS mutations_sync = 1")
    assert store.latest(CHURN) is not None, "it never looks at it"
    due.ledger(0, END + 100)
    with pytest.raises(Fatal, match="has a pickle that isn't what its sha256 says"):
        start().run_once()


def test_a_model_that_workers_could_not_score_is_not_published(
    due: Planted, start: Start, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FACTORIES, "churn", lambda: preprocessing.StandardScaler() | linear_model.Perceptron())
    with pytest.raises(Fatal, match=r"'churn' can't be published: workers can't score StandardScaler \| Perceptron"):
        start().run_once()
    assert reader.query("SELECT count() FROM models") == reader.query("SELECT count() FROM learnt") == [(0,)]


def test_without_a_key_there_is_no_store(settings: Settings, reader: Reader, writer: Writer) -> None:
    with pytest.raises(SettingError, match=r"FOOTFALL_MODEL_KEY .* `openssl rand -hex 32`"):
        SnapshotStore(settings, reader, writer)


def test_old_snapshots_keep_their_figures_and_lose_the_model(
    due: Planted, start: Start, store: SnapshotStore, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.snapshot_store.KEPT_WHOLE", 2)
    monkeypatch.setattr("streams.snapshot_store._THIN_EVERY", 5)
    rounds = start(batch_examples=2)
    for _ in range(5):
        assert rounds.run_once().learnt == 2
    reader.query("OPTIMIZE TABLE models FINAL")
    whole = reader.query("SELECT flat != '', snapshot != '' FROM models WHERE name = 'churn' ORDER BY version")
    assert whole == [(0, 0), (0, 0), (0, 0), (1, 1), (1, 1)]
    assert store.latest(CHURN) is not None
    due.ledger(0, END + 100)
    assert start().run_once().learnt == 10


def test_a_fault_of_the_store_is_passed_on(due: Planted, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = start()
    monkeypatch.setattr(Reader, "query", _gone)
    with pytest.raises(Retryable):
        rounds.run_once()


def _gone(*_: object) -> None:
    raise Retryable("gone")
