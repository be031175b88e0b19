"""The desk's words and rows for people. What producers and people wrote is escaped where it isn't printable."""

from __future__ import annotations

from typing import Any

from schemas.alerts import Alert, SystemAlert
from streams.desk.acknowledge import Acknowledged
from streams.desk.listing import Listed
from streams.desk.stats import Day
from streams.show import printable, shown_time


def became(one: Acknowledged) -> str:
    if one.is_new:
        return f"acknowledged as {one.verdict}" + (f", before as {one.before}" if one.before else "")
    return f"was {one.verdict} already"


def line(alert: Alert | SystemAlert) -> str:
    at = shown_time(alert.raised_ms)
    if not isinstance(alert, Alert):
        return f"{at}  {alert.kind}  {printable(alert.text)}"
    return f"{at}  {alert.kind}  {alert.score:.2f}  {alert.alert_id}  {printable(alert.user_id)}  {_why(alert)}"


def row(one: Listed) -> dict[str, Any]:
    alert, standing = one.alert, one.standing
    said = f"{standing.verdict} by {printable(standing.said_by)}" if standing.said_by else standing.verdict
    until = f"until {shown_time(standing.snoozed_until_ms)}" if standing.state == "snoozed" else ""
    return {
        "alert": alert.alert_id,
        "kind": alert.kind,
        "raised": shown_time(alert.raised_ms),
        "score": alert.score,
        "shopper": printable(alert.user_id),
        "amount": alert.amount,
        "state": " ".join(filter(None, (standing.state, said and f"({said})", until))),
        "why": _why(alert),
    }


def _why(alert: Alert) -> str:
    return printable(alert.reasons[0].text) if alert.reasons else ""


def figures(day: Day) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "kind": day.kind,
        "raised": day.raised,
        "sent": day.sent,
        "open": day.open,
        "snoozed": day.snoozed,
        "expired": day.expired,
        "escalated": day.escalated,
        "fraud": day.fraud,
        "ok": day.ok,
        "ignored": day.ignored,
        "churned": day.churned,
        "active": day.active,
        "median to ack": _shown_s(day.median_to_ack_s),
        "p90": _shown_s(day.p90_to_ack_s),
        "precision": "" if day.precision is None else f"{day.precision:.2f}",
    }


def _shown_s(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3600:.0f} h"
