"""How alerts stand: the SQL against a definition in plain Python, on random histories."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streams.clickhouse.reader import Reader
from streams.desk.listing import Listed, Selection, listed
from streams.desk.standing import STATES
from streams.settings import Settings
from tests.streams.desk.histories import SPAN_MS, history
from tests.streams.desk.plain import PlainAlert
from tests.streams.desk.planted import HOUR_MS, T0, Planted

EXPIRE_H = 48.0


def told(one: Listed) -> tuple[object, ...]:
    s = one.standing
    return (s.state, s.verdict, s.said_by, s.acked_ms, s.snoozed_until_ms, s.since_ms, s.escalated_ms, s.suppressed_by)


def expected(alert: PlainAlert, now: int, expire: int) -> tuple[object, ...]:
    state = alert.state(now, expire)
    said = (alert.verdict, alert.said_by, alert.acked)
    times = (alert.snoozed_until, alert.since, max(alert.escalated, default=0))
    return (state, *said, *times, alert.suppressed_by)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_alert_stands_as_the_plain_definition_says(
    settings: Settings, reader: Reader, planted: Planted, seed: int
) -> None:
    alerts = history(planted, seed)
    met = set[str]()
    for hours in (0.0, EXPIRE_H):
        settings = replace(settings, alert_expire_hours=hours)
        for now in range(T0, T0 + SPAN_MS + 1, SPAN_MS // 4):
            found = listed(reader, settings, Selection(states=()), now_ms=now, limit=1_000)
            assert len(found) == len(alerts)
            by_id = {one.alert.alert_id: told(one) for one in found}
            assert by_id == {one.alert_id: expected(one, now, settings.alert_expire_ms) for one in alerts}
            met |= {one.standing.state for one in found}
        for state in STATES:
            chosen = listed(reader, settings, Selection(states=(state,)), now_ms=now, limit=1_000)
            assert [one.alert for one in chosen] == [one.alert for one in found if one.standing.state == state]
    assert met == set(STATES)


def test_the_moment_at_which_a_snooze_ends_and_an_alert_expires(
    settings: Settings, reader: Reader, planted: Planted
) -> None:
    settings = replace(settings, alert_expire_hours=2.0)
    planted.snooze(planted.alert("u", "e"), until=HOUR_MS, said=1)

    def state(now: int) -> str:
        (one,) = listed(reader, settings, Selection(states=()), now_ms=T0 + now, limit=1)
        return one.standing.state

    assert [state(HOUR_MS - 1), state(HOUR_MS)] == ["snoozed", "open"]
    assert [state(3 * HOUR_MS - 1), state(3 * HOUR_MS)] == ["open", "expired"]


def test_an_alert_that_was_written_again_is_one(settings: Settings, reader: Reader, planted: Planted) -> None:
    first = planted.alert("u", "e", raised=0, ts=0)
    assert planted.alert("u", "e", raised=5, ts=0) == first
    (one,) = listed(reader, settings, Selection(), now_ms=T0 + 10, limit=10)
    assert one.alert.raised_ms == T0 + 5
