"""Alerts that are put off."""

from __future__ import annotations

import pytest

from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.desk.listing import Selection, listed
from streams.desk.snooze import snooze
from streams.errors import Invalid
from streams.settings import Settings
from tests.streams.desk.planted import HOUR_MS, T0, Planted
from tests.streams.desk.test_listing import HOSTILE


def test_a_snoozed_alert_waits_again_and_may_be_woken(
    settings: Settings, reader: Reader, writer: Writer, planted: Planted
) -> None:
    alerts = [planted.alert("u", event) for event in "ab"]

    def put_off(until: int, now: int, *chosen: str) -> list[str]:
        times = {"until_ms": T0 + until, "now_ms": T0 + now}
        found = snooze(reader, writer, settings, chosen, said_by="ann", **times)
        return [one.standing.state for one in found]

    def is_open(now: int) -> list[str]:
        found = listed(reader, settings, Selection(), now_ms=T0 + now, limit=10)
        return sorted(one.alert.event_id for one in found)

    assert put_off(5 * HOUR_MS, HOUR_MS, *alerts) == ["open", "open"]
    assert is_open(2 * HOUR_MS) == []
    assert put_off(2 * HOUR_MS, 2 * HOUR_MS, alerts[1]) == ["snoozed"]
    assert [is_open(2 * HOUR_MS), is_open(5 * HOUR_MS)] == [["b"], ["a", "b"]]


def test_what_does_not_wait_stays_as_it_is(
    settings: Settings, reader: Reader, writer: Writer, planted: Planted
) -> None:
    acknowledged, covered = planted.alert("u", "a"), planted.alert("u", "b", suppressed_by="another")
    planted.ack(acknowledged, "label", "ok", 1, "ann")
    now_ms = T0 + HOUR_MS
    found = snooze(reader, writer, settings, [acknowledged, covered], until_ms=now_ms + 1, said_by="ann", now_ms=now_ms)
    assert [one.standing.state for one in found] == ["acknowledged", "suppressed"]
    assert reader.query("SELECT count() FROM alert_snoozes") == [(0,)]


def test_none_is_put_off_where_one_is_not_there(
    settings: Settings, reader: Reader, writer: Writer, planted: Planted
) -> None:
    alert = planted.alert("u", "a")
    for hostile in HOSTILE:
        with pytest.raises(Invalid, match=r"^There is no alert "):
            snooze(reader, writer, settings, [alert, hostile], until_ms=T0 + 9, said_by="ann", now_ms=T0)
    assert reader.query("SELECT count() FROM alert_snoozes") == [(0,)]
