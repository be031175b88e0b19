"""Labels from the topic: which prediction they are about, whichever comes first, and what contradicts."""

from __future__ import annotations

from models.catalogue import FRAUD
from streams.clickhouse.reader import Reader
from tests.streams.learner.planted import Planted, Start


def test_chargebacks_label_the_purchase_that_they_name(planted: Planted, start: Start) -> None:
    planted.predictions(("u1", "p1", 0), ("u2", "p2", 0), ("u3", "p3", 0), kind="fraud")
    planted.label("fraud_label", "u1", "p1", "fraud", 10)
    planted.label("fraud_label", "u2", "p2", "ok", 11)
    done = start(FRAUD).run_once()
    assert (done.learnt, done.positives, done.more) == (2, 1, False)
    assert done.version.startswith("fraud-00000001-")
    assert planted.learnt("fraud") == {("u1", "p1"): 1, ("u2", "p2"): 0}


def test_a_label_may_come_before_its_prediction(planted: Planted, start: Start) -> None:
    planted.label("fraud_label", "u", "p", "fraud", 10)
    rounds = start(FRAUD)
    done = rounds.run_once()
    assert (done.learnt, done.version, done.counts["waiting"]) == (0, "", 1)
    planted.predictions(("u", "p", 0), kind="fraud")
    done = rounds.run_once()
    assert (done.learnt, done.counts["waiting"]) == (1, 0)
    assert rounds.run_once().learnt == 0
    planted.label("fraud_label", "u", "q", "ok", 12)
    planted.predictions(("u", "q", 1), kind="fraud")
    assert rounds.run_once().learnt == 1


def test_a_label_waits_for_its_prediction_to_be_done(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "p", 0), kind="fraud", topic="carts", partition=2, offset=7)
    planted.label("fraud_label", "u", "p", "fraud", 10)
    rounds = start(FRAUD)
    planted.ledger(2, 0, "clicks", last=99)
    planted.ledger(1, 0, "carts", last=99)
    planted.ledger(2, 0, "carts", last=99)  # by an owner that the next one overruled
    planted.ledger(2, 0, "carts", last=6, epoch=1)
    done = rounds.run_once()
    assert (done.learnt, done.counts["waiting"]) == (0, 1)
    planted.ledger(2, 0, "carts", last=7, epoch=1)
    done = rounds.run_once()
    assert (done.learnt, done.counts["waiting"]) == (1, 0)


def test_a_prediction_that_is_scored_once_more_is_learnt_as_it_is_then(
    planted: Planted, start: Start, reader: Reader
) -> None:
    """The first is of a worker that was killed before the ledger had its record."""
    planted.predictions(("u", "p", 0), kind="fraud", topic="carts", offset=0, written_ms=1, score=0.25)
    planted.label("fraud_label", "u", "p", "fraud", 10)
    rounds = start(FRAUD)
    assert rounds.run_once().learnt == 0
    planted.predictions(("u", "p", 0), kind="fraud", topic="carts", offset=0, written_ms=2, score=0.75)
    planted.ledger(0, 0, "carts", epoch=1)
    assert rounds.run_once().learnt == 1
    assert reader.query("SELECT score FROM learnt") == [(0.75,)]


def test_of_contradicting_labels_the_last_by_event_time_counts(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "p", 0), ("u", "q", 0), kind="fraud")
    planted.label("fraud_label", "u", "p", "ok", 30)
    planted.label("fraud_label", "u", "p", "fraud", 20)
    planted.label("fraud_label", "u", "q", "ok", 20)
    planted.label("fraud_label", "u", "q", "fraud", 30)
    done = start(FRAUD).run_once()
    assert planted.learnt("fraud") == {("u", "p"): 0, ("u", "q"): 1}
    assert (done.counts["contradicted"], done.counts["duplicates"]) == (2, 2)


def test_the_later_event_id_counts_of_labels_at_one_time(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "p", 0), ("u", "q", 0), kind="fraud")
    planted.label("fraud_label", "u", "p", "fraud", 10, event_id="b")
    planted.label("fraud_label", "u", "p", "ok", 10, event_id="a")
    planted.label("fraud_label", "u", "q", "fraud", 10, event_id="a")
    planted.label("fraud_label", "u", "q", "ok", 10, event_id="b")
    start(FRAUD).run_once()
    assert planted.learnt("fraud") == {("u", "p"): 1, ("u", "q"): 0}


def test_a_label_sent_twice_counts_once(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "p", 0), kind="fraud")
    planted.label("fraud_label", "u", "p", "fraud", 10, event_id="l")
    planted.label("fraud_label", "u", "p", "fraud", 10, event_id="l")
    done = start(FRAUD).run_once()
    assert (done.learnt, done.counts["duplicates"]) == (1, 0)


def test_unknown_targets_are_counted(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "p", 0), kind="fraud")
    planted.label("fraud_label", "u", "another", "fraud", 10)
    planted.label("fraud_label", "another", "p", "fraud", 10)  # the purchase is another shopper's
    planted.label("alert_ack", "u", "no such alert", "fraud", 10)
    done = start(FRAUD).run_once()
    assert (done.learnt, done.counts["waiting"], done.counts["unknown_alerts"]) == (0, 2, 1)


def test_an_acknowledged_alert_labels_its_event(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "p", 0), ("u", "q", 0), ("u", "r", 0), ("u", "s", 0), kind="fraud")
    for event in "pqr":
        planted.alert(f"alert-{event}", "u", event)
    planted.alert("alert-s", "u", "s", kind="churn")
    planted.label("alert_ack", "u", "alert-p", "fraud", 10)
    planted.label("alert_ack", "u", "alert-q", "ok", 10)
    planted.label("alert_ack", "u", "alert-r", "ignore", 10)
    planted.label("alert_ack", "u", "alert-s", "fraud", 10)
    rounds = start(FRAUD)
    rounds.run_once()
    assert planted.learnt("fraud") == {("u", "p"): 1, ("u", "q"): 0}
    assert rounds.run_once().learnt == 0


def test_an_acknowledgement_may_come_before_the_alert(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "p", 0), kind="fraud")
    planted.label("alert_ack", "u", "alert-p", "fraud", 10)
    rounds = start(FRAUD)
    assert rounds.run_once().learnt == 0
    assert rounds.run_once().learnt == 0
    planted.alert("alert-p", "u", "p")
    assert rounds.run_once().learnt == 1


def test_the_chargeback_overrules_the_analyst_who_was_first(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "p", 0), kind="fraud")
    planted.alert("alert-p", "u", "p")
    planted.label("alert_ack", "u", "alert-p", "ok", 10)
    planted.label("fraud_label", "u", "p", "fraud", 20)
    start(FRAUD).run_once()
    assert planted.learnt("fraud") == {("u", "p"): 1}


def test_labels_of_the_other_kind_are_not_taken(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "p", 0), kind="fraud")
    planted.label("churn_label", "u", "p", "churned", 10)
    assert start(FRAUD).run_once().learnt == 0
    planted.label("fraud_label", "u", "p", "ok", 10)
    assert start().run_once().learnt == 0
