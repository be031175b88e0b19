"""Churn labels itself: what is due, who was silent, and that no partition's predictions are passed over."""

from __future__ import annotations

from typing import Any

from models.catalogue import CHURN, CHURN_LONG
from tests.streams.learner.planted import DAY_MS, HORIZON_MS, Planted, Start

END = HORIZON_MS


def test_activity_counts_from_the_next_day_up_to_the_horizon(planted: Planted, start: Start) -> None:
    users = {"same-day": DAY_MS - 1, "next-day": DAY_MS, "at-horizon": END, "just-beyond": END + 1, "before": -1}
    planted.predictions(*((user, "e", 0) for user in (*users, "never")))
    planted.events(*users.items())
    planted.ledger(0, END)
    start().run_once()
    assert planted.learnt("churn") == {
        ("same-day", "e"): 1,
        ("next-day", "e"): 0,
        ("at-horizon", "e"): 0,
        ("just-beyond", "e"): 1,
        ("before", "e"): 1,
        ("never", "e"): 1,
    }


def test_a_later_event_does_not_hide_an_earlier_one(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "e", 0))
    planted.events(("u", DAY_MS + 5), ("u", END + 5))
    planted.ledger(0, END + 5)
    start().run_once()
    assert planted.learnt("churn") == {("u", "e"): 0}


def test_a_prediction_is_due_once_the_watermark_is_there(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "e1", 0), ("u", "e2", 1))
    planted.ledger(0, END + 99)
    rounds = start(lateness_ms=100)
    assert rounds.run_once().learnt == 0
    planted.ledger(0, END + 100, topic="carts")
    assert rounds.run_once().learnt == 1
    assert set(planted.learnt("churn")) == {("u", "e1")}
    planted.ledger(0, END + 101)
    assert rounds.run_once().learnt == 1
    assert rounds.run_once().learnt == 0


def test_a_prediction_that_is_not_done_is_not_due(planted: Planted, start: Start) -> None:
    """It may be of a worker that was killed, and came late."""
    planted.predictions(("u", "e", 0), topic="clicks", offset=7)
    planted.ledger(0, END, last=6)
    assert start().run_once().learnt == 0
    planted.ledger(0, END, last=7)
    assert start().run_once().learnt == 1


def test_the_labels_topic_moves_no_watermark(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "e", 0))
    planted.ledger(0, 10 * END, topic="labels")
    assert start().run_once().learnt == 0


def test_each_partition_goes_by_its_own_watermark(planted: Planted, start: Start) -> None:
    planted.predictions(("fast", "e", 0), partition=0)
    planted.predictions(("slow", "e", 0), partition=1)
    planted.ledger(0, 50 * END)
    planted.ledger(1, END - 1)
    rounds = start()
    rounds.run_once()
    assert set(planted.learnt("churn")) == {("fast", "e")}
    planted.ledger(1, END)
    rounds.run_once()
    assert set(planted.learnt("churn")) == {("fast", "e"), ("slow", "e")}


def test_a_partition_that_appears_late_is_considered_from_its_beginning(planted: Planted, start: Start) -> None:
    planted.predictions(("fast", "e", 30 * END), partition=0)
    planted.ledger(0, 50 * END)
    start().run_once()
    planted.predictions(("late", "e", 0), partition=3)
    planted.ledger(3, 2 * END)
    start().run_once()
    assert set(planted.learnt("churn")) == {("fast", "e"), ("late", "e")}


def test_a_straggler_within_the_allowance_is_learnt(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "e1", 50))
    planted.ledger(0, END + 200)
    rounds = start(lateness_ms=100)
    assert rounds.run_once().learnt == 1
    planted.predictions(("u", "e0", 10))
    assert rounds.run_once().learnt == 1
    assert set(planted.learnt("churn")) == {("u", "e0"), ("u", "e1")}


def test_bounded_rounds_learn_all_in_due_order_and_nothing_twice(planted: Planted, start: Start) -> None:
    for partition in (0, 1, 2):
        planted.predictions(*((f"u{partition}", f"e{at}", at // 4) for at in range(50)), partition=partition)
        planted.ledger(partition, END + 100)
    rounds = start(batch_examples=40)
    learnt = []
    while (done := rounds.run_once()).learnt:
        learnt.append(done.learnt)
        assert done.more == (done.learnt == 40)
    assert learnt == [40, 40, 40, 30]
    assert len(planted.learnt("churn")) == 150


def test_more_predictions_due_at_one_moment_than_a_round_takes(planted: Planted, start: Start) -> None:
    planted.predictions(*((f"u{n}", "e", 0) for n in range(25)))
    planted.ledger(0, END)
    rounds = start(batch_examples=10)
    assert [rounds.run_once().learnt for _ in range(4)] == [10, 10, 5, 0]
    assert len(planted.learnt("churn")) == 25


def test_a_prediction_written_twice_is_learnt_once(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "e", 0), score=0.1, written_ms=1)
    planted.predictions(("u", "e", 0), score=0.9, written_ms=2)
    planted.ledger(0, END)
    rounds = start()
    assert rounds.run_once().learnt == 1
    assert rounds.run_once().learnt == 0


def test_predictions_of_other_features_are_left_alone(planted: Planted, start: Start) -> None:
    planted.predictions(("u", "e", 0), feature_set="0123456789ab")
    planted.ledger(0, END)
    assert start().run_once().learnt == 0


def test_a_verdict_from_outside_overrules_what_the_events_say(planted: Planted, start: Start) -> None:
    planted.predictions(("silent", "e", 0), ("busy", "e", 0), ("early", "e", 5 * END))
    planted.events(("busy", DAY_MS))
    planted.label("churn_label", "silent", "e", "active", 20)
    planted.label("churn_label", "busy", "e", "churned", 20)
    planted.label("churn_label", "early", "e", "churned", 20)
    planted.ledger(0, END)
    rounds = start()
    assert rounds.run_once().learnt == 3
    assert planted.learnt("churn") == {("silent", "e"): 0, ("busy", "e"): 1, ("early", "e"): 1}
    planted.ledger(0, 10 * END)
    assert rounds.run_once().learnt == 0


def test_verdicts_beyond_the_batch_are_not_labelled_by_silence(planted: Planted, start: Start) -> None:
    planted.predictions(*((f"u{n}", "e", 0) for n in range(5)))
    for n in range(5):
        planted.label("churn_label", f"u{n}", "e", "active", n)
    planted.ledger(0, END)
    rounds = start(batch_examples=2)
    assert [rounds.run_once().learnt for _ in range(4)] == [2, 2, 1, 0]
    assert set(planted.learnt("churn").values()) == {0}


def test_each_horizon_is_learnt_by_a_model_of_its_own(planted: Planted, start: Start) -> None:
    long: dict[str, Any] = {"kind": "churn_long", "model": "churn-long", "horizon_ms": 3 * HORIZON_MS}
    planted.predictions(("back", "e", 0), ("gone", "e", 0))
    planted.predictions(("back", "e", 0), ("gone", "e", 0), **long)
    planted.events(("back", END + DAY_MS))
    planted.ledger(0, 2 * END)
    assert [start(spec).run_once().learnt for spec in (CHURN, CHURN_LONG)] == [2, 0]
    planted.ledger(0, 3 * END)
    assert [start(spec).run_once().learnt for spec in (CHURN, CHURN_LONG)] == [0, 2]
    assert planted.learnt("churn") == {("back", "e"): 1, ("gone", "e"): 1}
    assert planted.learnt("churn-long") == {("back", "e"): 0, ("gone", "e"): 1}
