"""The figures, against counting one by one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streams.clickhouse.reader import Reader
from streams.desk.stats import DAY_MS, Day, stats
from streams.settings import Settings
from tests.streams.desk.histories import SPAN_MS, history
from tests.streams.desk.plain import PlainAlert
from tests.streams.desk.planted import HOUR_MS, T0, Planted

EXPIRE_MS = 24 * HOUR_MS


def counted(kind: str, day: str, alerts: list[PlainAlert], now: int) -> dict[str, object]:
    verdicts = [alert.verdict for alert in alerts]
    states = [alert.state(now, EXPIRE_MS) for alert in alerts]
    waits = sorted(alert.acked - alert.raised for alert in alerts if alert.acked >= alert.raised)
    right, wrong = ("fraud", "ok") if kind == "fraud" else ("churned", "active")
    known = verdicts.count(right) + verdicts.count(wrong)
    return {
        "kind": kind,
        "day": day,
        "raised": len(alerts),
        "sent": sum(not alert.suppressed_by for alert in alerts),
        "suppressed": sum(bool(alert.suppressed_by) for alert in alerts),
        **{verdict: verdicts.count(verdict) for verdict in ("fraud", "ok", "churned", "active")},
        "ignored": verdicts.count("ignore"),
        **{state: states.count(state) for state in ("open", "snoozed", "expired")},
        "escalated": sum(bool(alert.escalated) for alert in alerts),
        "median_to_ack_s": waits[int(0.5 * len(waits))] / 1000 if waits else None,
        "p90_to_ack_s": waits[int(0.9 * len(waits))] / 1000 if waits else None,
        "precision": verdicts.count(right) / known if known else None,
    }


def test_each_day_is_what_its_alerts_are(settings: Settings, reader: Reader, planted: Planted) -> None:
    alerts = history(planted, 4, n=100)
    now = T0 + SPAN_MS // 2
    settings = replace(settings, alert_expire_hours=EXPIRE_MS / HOUR_MS)
    by_day: dict[tuple[str, str], list[PlainAlert]] = defaultdict(list)
    for alert in alerts:
        by_day[datetime.fromtimestamp(alert.raised / 1000, UTC).date().isoformat(), alert.kind].append(alert)
    found = stats(reader, settings, days=30, now_ms=now)
    assert {(one.day.isoformat(), one.kind): one.to_dict() for one in found} == {
        key: counted(key[1], key[0], of_day, now) for key, of_day in by_day.items()
    }
    order = [(-one.day.toordinal(), one.kind) for one in found]
    assert order == sorted(order)
    assert any(one.median_to_ack_s for one in found)
    assert any(one.precision for one in found)


@pytest.mark.parametrize("days", [1, 2])
def test_a_day_is_by_the_clock_and_today_counts(
    settings: Settings, reader: Reader, planted: Planted, days: int
) -> None:
    midnight = (T0 // DAY_MS + 5) * DAY_MS - T0
    for raised in (midnight - DAY_MS - 1, midnight - 1, midnight, midnight + 5):
        planted.alert("u", f"e{raised}", raised)
    found = stats(reader, settings, days=days, now_ms=T0 + midnight + HOUR_MS)
    assert [one.raised for one in found] == [2, 1][:days]


def test_precision_is_of_what_is_known() -> None:
    counts = dict.fromkeys(("raised", "sent", "ignored", "open", "snoozed", "expired", "escalated"), 9)
    times = {"median_to_ack_s": None, "p90_to_ack_s": None}

    def precision(kind: str, **verdicts: int) -> float | None:
        said = dict.fromkeys(("fraud", "ok", "churned", "active"), 0) | verdicts
        day = datetime(2024, 5, 31, tzinfo=UTC).date()
        return Day(kind=kind, day=day, **counts, **said, **times).precision  # type: ignore[arg-type]

    assert precision("fraud") is None
    assert precision("fraud", fraud=3, ok=1) == 0.75
    assert precision("churn", ok=5) is None, "dealt with"
    assert precision("churn", ok=5, churned=1, active=3) == 0.25
