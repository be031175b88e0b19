"""Which label a score gets, and when."""

from dataclasses import replace

import numpy as np

from models.catalogue import CHURN, FRAUD
from schemas.batch import EventBatch
from schemas.decode import Decoder
from schemas.records import Record
from streams.backtest.activity import DAY_MS, Activity
from streams.backtest.awaiting import Awaiting, Scored, examples
from tests.streams.backtest.town import START

_VALUE = '{"type":"%s","event_id":"l%d","user_id":"u","ts":%d,"target":"%s","verdict":"%s"}'


def scored(event_id: str, ts: int = START, *, horizon_days: int = 7) -> Scored:
    midnight = (ts // DAY_MS + 1) * DAY_MS
    return Scored("u", event_id, ts, midnight, ts + horizon_days * DAY_MS, 0.5, np.zeros(2, dtype=np.float32))


def told(*labels: tuple[str, str, int], type: str = "fraud_label") -> EventBatch:
    """Of (target, verdict, event time)."""
    values = [(_VALUE % (type, row, ts, target, verdict)).encode() for row, (target, verdict, ts) in enumerate(labels)]
    events, letters = Decoder("labels").decode(
        0, [Record(row, 2 * START, b"u", value) for row, value in enumerate(values)]
    )
    assert not letters
    return events


def active(*ts: int) -> Activity:
    activity = Activity()
    for at in ts:
        one = told(("x", "ok", START))
        activity.add(replace(one, ts=np.array([at])))
    return activity


def taken(awaiting: Awaiting, before_ms: int = START) -> list[tuple[str, bool]]:
    return [(one.scored.event_id, one.label) for one in awaiting.take(before_ms)]


def test_labels_are_learnt_in_the_order_in_which_they_came() -> None:
    awaiting = Awaiting(FRAUD, None)
    awaiting.add([scored("a"), scored("b"), scored("c")])
    awaiting.tell(told(("c", "fraud", START + 5), ("a", "ok", START + 9)))
    assert taken(awaiting) == [("c", True), ("a", False)]
    assert taken(awaiting) == []


def test_the_last_of_several_labels_by_event_time_counts() -> None:
    awaiting = Awaiting(FRAUD, None)
    awaiting.add([scored("a")])
    awaiting.tell(told(("a", "fraud", START + 9), ("a", "ok", START + 5)))
    assert taken(awaiting) == [("a", True)]


def test_a_label_waits_for_its_score_and_one_for_what_is_learnt_changes_nothing() -> None:
    awaiting = Awaiting(FRAUD, None)
    awaiting.tell(told(("a", "fraud", START)))
    assert taken(awaiting) == []
    awaiting.add([scored("a")])
    assert taken(awaiting) == [("a", True)]
    awaiting.tell(told(("a", "ok", START + 1)))
    assert taken(awaiting) == []


def test_labels_of_another_kind_are_none() -> None:
    awaiting = Awaiting(FRAUD, None)
    awaiting.add([scored("a")])
    awaiting.tell(told(("a", "churned", START), type="churn_label"))
    assert taken(awaiting) == []


def test_silence_counts_from_the_next_day_to_the_horizon() -> None:
    noon = START + DAY_MS // 2
    for ts, churned in (
        (noon + 1, True),
        (START + DAY_MS, False),
        (noon + 7 * DAY_MS, False),
        (noon + 7 * DAY_MS + 1, True),
    ):
        awaiting = Awaiting(CHURN, active(noon, ts))
        awaiting.add([scored("a", noon)])
        assert taken(awaiting, noon + 7 * DAY_MS) == []
        assert taken(awaiting, noon + 7 * DAY_MS + 1) == [("a", churned)]


def test_a_churn_label_goes_before_silence() -> None:
    awaiting = Awaiting(CHURN, active(START))
    awaiting.add([scored("a")])
    awaiting.tell(told(("a", "active", START), type="churn_label"))
    assert taken(awaiting, START + 100 * DAY_MS) == [("a", False)]


def test_activity_that_comes_late_counts_for_its_day() -> None:
    activity = active(START + 5 * DAY_MS, START + 2 * DAY_MS + 9, START + 2 * DAY_MS + 3)
    assert activity.within("u", START, START + 2 * DAY_MS + 3)
    assert not activity.within("u", START, START + 2 * DAY_MS + 2)
    assert not activity.within("u", START + 3 * DAY_MS, START + 5 * DAY_MS - 1)
    assert not activity.within("nobody", START, START + 9 * DAY_MS)


def test_examples_keep_features_and_scores() -> None:
    awaiting = Awaiting(FRAUD, None)
    awaiting.add([scored("a"), scored("b")])
    awaiting.tell(told(("a", "fraud", START), ("b", "ok", START)))
    made = examples(awaiting.take(START))
    assert (made.event_id, made.label.tolist(), made.score.tolist()) == (["a", "b"], [True, False], [0.5, 0.5])
    assert made.features.shape == (2, 2)
