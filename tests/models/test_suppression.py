"""Of alerts about the same, which are sent."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import suppression
from models.suppression import Sent, Suppression
from schemas.alerts import Alert, alert_id, dedupe_key

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
T0 = 20_000 * DAY_MS


def alert(event: str, hour: float, user: str = "ann") -> Alert:
    return Alert(
        alert_id=alert_id("churn", "clicks", user, event),
        dedupe_key=dedupe_key("churn", user),
        kind="churn",
        user_id=user,
        event_id=event,
        topic="clicks",
        partition=0,
        offset=0,
        ts=T0 + round(hour * HOUR_MS),
        score=0.9,
        threshold=0.5,
        version="v",
        raised_ms=1,
    )


def sent(state: Suppression, *alerts: Alert) -> list[str]:
    send, suppressed = state.decide(alerts)
    assert len(send) + len(suppressed) == len(alerts)
    return [one.event_id for one in send]


def test_one_in_a_window_is_sent_and_covers_the_others() -> None:
    state = Suppression(DAY_MS)
    send, suppressed = state.decide([alert("a", 0), alert("b", 1), alert("c", 23.9), alert("d", 24), alert("e", 25)])
    assert [one.event_id for one in send] == ["a", "d"]
    assert [(one.alert.event_id, one.by) for one in suppressed] == [
        ("b", send[0].alert_id),
        ("c", send[0].alert_id),
        ("e", send[1].alert_id),
    ]


def test_others_are_not_covered() -> None:
    assert sent(Suppression(DAY_MS), alert("a", 0), alert("b", 0, "bob"), alert("c", 1)) == ["a", "b"]


def test_what_came_late_is_held_against_the_latest() -> None:
    state = Suppression(DAY_MS)
    assert sent(state, alert("a", 30), alert("late", 7), alert("too late", 5), alert("b", 53)) == ["a", "too late"]


def test_off_it_sends_all_and_an_event_again_is_itself() -> None:
    assert sent(Suppression(0), alert("a", 0), alert("b", 0)) == ["a", "b"]
    assert sent(Suppression(DAY_MS), alert("a", 0), alert("a", 0)) == ["a", "a"]


def test_what_was_decided_stays_decided() -> None:
    a, b, c = alert("a", 0), alert("b", 1), alert("c", 2)
    first = Suppression(DAY_MS)
    _, suppressed = first.decide([b, a, c])
    decided = {b.alert_id: "", **{one.alert.alert_id: one.by for one in suppressed}}
    again = Suppression(DAY_MS, sent=[(b.dedupe_key, Sent(b.ts, b.alert_id, b.user_id))], decided=decided)
    assert sent(again, a, b, c) == ["b"]


HOURS = st.lists(st.tuples(st.integers(0, 100), st.sampled_from(["ann", "bob"])), max_size=30)


@given(HOURS, HOURS)
def test_what_it_remembers_can_be_read_from_what_was_sent(
    before: list[tuple[int, str]], after: list[tuple[int, str]]
) -> None:
    state = Suppression(DAY_MS)
    send, _ = state.decide([alert(f"before {at}", *given) for at, given in enumerate(before)])
    latest: dict[str, Sent] = {}
    for one in sorted(send, key=lambda one: one.ts):
        latest[one.dedupe_key] = Sent(one.ts, one.alert_id, one.user_id)
    end = max((one.ts for one in send), default=0)
    read = Suppression(DAY_MS, sent=[(key, one) for key, one in latest.items() if one.ts > end - DAY_MS])
    rest = [alert(f"after {at}", *given) for at, given in enumerate(after)]
    assert msgspec.to_builtins(read.decide(rest)) == msgspec.to_builtins(state.decide(rest))


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression, "MOST_KEYS", 10)
    state = Suppression(DAY_MS)
    sent(state, *(alert("e", hour / 100, f"user {hour}") for hour in range(95)))
    assert len(state._sent) <= 10
    assert sent(state, alert("f", 1, "user 94")) == [], "the latest are kept"
