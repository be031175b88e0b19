"""Labels that contradict what was learnt: learnt once more, once, and counted as one prediction with its last label."""

from __future__ import annotations

import pytest

from models.catalogue import CHURN, FRAUD
from models.learning import Learner
from models.snapshots import Flattened
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.learner.rounds import LearnerRounds, Round
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore
from tests.streams.learner.planted import DAY_MS, HORIZON_MS, T0, Planted, Start

END = HORIZON_MS


@pytest.fixture
def store(keyed: Settings, reader: Reader, writer: Writer) -> SnapshotStore:
    return SnapshotStore(keyed, reader, writer)


def latest(store: SnapshotStore, name: str) -> Flattened:
    found = store.latest({"fraud": FRAUD, "churn": CHURN}[name])
    assert found is not None
    return found


def did(done: Round) -> tuple[int, int]:
    return done.learnt, done.corrected


@pytest.fixture
def told(planted: Planted, start: Start) -> LearnerRounds:
    """One purchase that has been learnt as good, and one of another shopper."""
    planted.predictions(("u", "p", 0), ("v", "q", 1), kind="fraud", score=0.75)
    planted.label("fraud_label", "u", "p", "ok", 100)
    planted.label("fraud_label", "v", "q", "ok", 101)
    rounds = start(FRAUD)
    assert did(rounds.run_once()) == (2, 0)
    return rounds


@pytest.mark.parametrize("restarted", [True, False])
def test_a_contradiction_is_learnt_once_more(
    planted: Planted, start: Start, told: LearnerRounds, store: SnapshotStore, restarted: bool
) -> None:
    planted.label("fraud_label", "u", "p", "fraud", 200)
    rounds = start(FRAUD) if restarted else told
    done = rounds.run_once()
    assert (did(done), done.positives, done.counts["corrections"]) == ((1, 1), 1, 1)
    assert did(rounds.run_once()) == (0, 0)
    assert planted.labels_learnt("fraud") == {("u", "p"): [0, 1], ("v", "q"): [0]}
    snapshot = latest(store, "fraud").snapshot
    assert (snapshot.examples, snapshot.positives) == (2, 1)
    assert (snapshot.metrics["scored"], snapshot.metrics["scored_positives"]) == (2, 1)
    assert snapshot.metrics["roc_auc"] == 0.5
    assert snapshot.metrics["brier"] == pytest.approx((0.25**2 + 0.75**2) / 2)


def test_a_correction_is_corrected(planted: Planted, start: Start, told: LearnerRounds, store: SnapshotStore) -> None:
    for ts, verdict in enumerate(("fraud", "ok", "fraud", "ok")):
        planted.label("fraud_label", "u", "p", verdict, 200 + ts)
        assert did(told.run_once()) == (1, 1)
    assert planted.labels_learnt("fraud") == {("u", "p"): [0, 1, 0, 1, 0], ("v", "q"): [0]}
    snapshot = latest(store, "fraud").snapshot
    assert (snapshot.examples, snapshot.positives, snapshot.metrics["scored_positives"]) == (2, 0, 0)
    assert snapshot.metrics["brier"] == pytest.approx(0.75**2)


def test_a_label_that_leaves_the_last_verdict_as_it_was_learnt_changes_nothing(
    planted: Planted, told: LearnerRounds
) -> None:
    planted.label("fraud_label", "u", "p", "ok", 200)  # agrees
    assert did(told.run_once()) == (0, 0)
    planted.label("fraud_label", "u", "p", "fraud", 50)  # of an earlier time
    assert did(told.run_once()) == (0, 0)
    planted.label("fraud_label", "u", "p", "fraud", 300)
    planted.label("fraud_label", "u", "p", "ok", 301)  # overrules it before it was seen
    assert did(told.run_once()) == (0, 0)
    assert planted.labels_learnt("fraud") == {("u", "p"): [0], ("v", "q"): [0]}


def test_an_analyst_corrects_a_chargeback(planted: Planted, told: LearnerRounds) -> None:
    planted.alert("alert-p", "u", "p")
    planted.label("alert_ack", "u", "alert-p", "ignore", 200)
    assert did(told.run_once()) == (0, 0)
    planted.label("alert_ack", "u", "alert-p", "fraud", 201)
    assert did(told.run_once()) == (1, 1)


def test_a_correction_is_one_more_step_with_the_other_label(
    planted: Planted, told: LearnerRounds, store: SnapshotStore
) -> None:
    before = store.latest_whole(FRAUD)
    assert before is not None
    planted.label("fraud_label", "u", "p", "fraud", 200)
    told.run_once()
    learner = Learner(FRAUD, store.load(FRAUD, before))
    learner.learn(planted.example("fraud", "u", "p", label=True, score=0.75, corrects=True))
    after = latest(store, "fraud").snapshot
    assert learner.snapshot(created_ms=1, considered_ms={}).flat == after.flat
    assert after.flat != before.flat


@pytest.mark.parametrize("silent", [True, False])
def test_a_verdict_corrects_what_was_learnt_from_silence(
    planted: Planted, start: Start, store: SnapshotStore, silent: bool
) -> None:
    planted.predictions(("u", "e", 0))
    if not silent:
        planted.events(("u", DAY_MS))
    planted.ledger(0, END)
    rounds = start()
    assert did(rounds.run_once()) == (1, 0)
    planted.label("churn_label", "u", "e", "churned" if silent else "active", END + 10)
    assert did(rounds.run_once()) == (0, 0)
    planted.label("churn_label", "u", "e", "active" if silent else "churned", END + 20)
    assert did(rounds.run_once()) == (1, 1)
    planted.ledger(0, 10 * END)
    assert did(rounds.run_once()) == (0, 0)
    assert planted.labels_learnt("churn") == {("u", "e"): [int(silent), int(not silent)]}
    snapshot = latest(store, "churn").snapshot
    assert (snapshot.examples, snapshot.positives) == (1, int(not silent))


def test_corrections_and_first_labels_are_learnt_in_the_order_of_their_labels(
    planted: Planted, told: LearnerRounds, reader: Reader
) -> None:
    planted.predictions(("a", "late", 2), ("w", "early", 3), kind="fraud")
    planted.label("fraud_label", "a", "late", "ok", 400)
    planted.label("fraud_label", "u", "p", "fraud", 300)
    planted.label("fraud_label", "w", "early", "fraud", 200)
    told._batch_examples = 1
    assert [did(told.run_once()) for _ in range(4)] == [(1, 0), (1, 1), (1, 0), (0, 0)]
    rows = reader.query(
        "SELECT event_id, labelled_ms FROM learnt WHERE labelled_ms >= %(ms)s ORDER BY version", {"ms": T0 + 200}
    )
    assert rows == [("early", T0 + 200), ("p", T0 + 300), ("late", T0 + 400)]


def test_a_crash_before_the_correction_is_published_has_it_learnt_once(
    planted: Planted, told: LearnerRounds, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted.label("fraud_label", "u", "p", "fraud", 200)
    with monkeypatch.context() as broken:
        broken.setattr(SnapshotStore, "publish", _crash)
        with pytest.raises(RuntimeError, match="ended there"):
            told.run_once()
    rounds = start(FRAUD)
    assert [did(rounds.run_once()) for _ in range(2)] == [(1, 1), (0, 0)]
    assert planted.labels_learnt("fraud")["u", "p"] == [0, 1]


def test_a_model_that_was_set_back_before_a_correction_learns_it_again(
    planted: Planted, told: LearnerRounds, reader: Reader
) -> None:
    planted.label("fraud_label", "u", "p", "fraud", 200)
    version = told.run_once().version
    assert did(told.run_once()) == (0, 0)
    reader.query(f"ALTER TABLE models DELETE WHERE version = '{version}' SETTINGS mutations_sync = 1")
    assert did(told.run_once()) == (1, 1)


def test_metrics_of_a_day_count_a_prediction_once_by_its_last_label(
    planted: Planted, told: LearnerRounds, reader: Reader
) -> None:
    told._metrics.every_s, told._metrics._next_s = 0.0, 0.0
    for ts, verdict in ((200, "fraud"), (300, "ok"), (400, "fraud")):
        planted.label("fraud_label", "u", "p", verdict, ts)
        told.run_once()
    rows = reader.query("SELECT n, positives, brier, mean_label_delay_ms FROM model_metrics FINAL")
    assert rows == [(2, 1, pytest.approx((0.25**2 + 0.75**2) / 2), (400 + 100) / 2)]


def _crash(*_: object) -> None:
    raise RuntimeError("a process that ended there")
