"""Random histories of alerts, in the tables and as the plain definition has them."""

from __future__ import annotations

import random

from tests.streams.desk.plain import PlainAlert, Said
from tests.streams.desk.planted import HOUR_MS, T0, Planted

SPAN_MS = 200 * HOUR_MS
_LABELS = {"fraud": ("fraud_label", ("fraud", "ok")), "churn": ("churn_label", ("churned", "active"))}


def history(planted: Planted, seed: int, n: int = 60) -> list[PlainAlert]:
    """Alerts and what happened to them, with coincidences: few shoppers, few times, repeats and strangers."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    with planted.together():
        return _history(planted, draw, n)


def _history(planted: Planted, draw: random.Random, n: int) -> list[PlainAlert]:
    alerts = []
    for number in range(n):
        user, event, kind = f"user {draw.randrange(5)}", f"event {number}", draw.choice(("fraud", "churn"))
        raised = draw.randrange(0, SPAN_MS, HOUR_MS)
        covered = "another" if draw.random() < 0.2 else ""
        made = planted.alert(user, event, raised, kind=kind, suppressed_by=covered)  # type: ignore[arg-type]
        alerts.append(PlainAlert(made, kind, user, event, T0 + raised, covered))
    for number, alert in enumerate(alerts):
        for step in range(draw.choice((0, 0, 1, 2, 4))):
            happens(planted, draw, alert, alerts, f"label {number} {step}")
    return alerts


def happens(planted: Planted, draw: random.Random, alert: PlainAlert, alerts: list[PlainAlert], label: str) -> None:
    at = draw.randrange(0, SPAN_MS, HOUR_MS)
    verdict = draw.choice(("fraud", "ok", "ignore"))
    what = draw.choice(("ack", "desk", "both", "event", "stranger", "snooze", "escalation"))
    if what in ("ack", "both"):
        planted.label("alert_ack", alert.user, alert.alert_id, verdict, at, label, said_twice=draw.random() < 0.3)
        alert.said.append(Said(verdict, T0 + at, label))
    if what in ("desk", "both"):
        later = at + draw.choice((0, 5_000))  # said again after a failure
        planted.ack(alert.alert_id, label, verdict, later, "ann")
        alert.said.append(Said(verdict, T0 + later, label, "ann"))
    if what == "event":
        kind, verdicts = _LABELS[alert.kind]
        verdict = draw.choice(verdicts)
        planted.label(kind, alert.user, alert.event, verdict, at, label)
        alert.said.append(Said(verdict, T0 + at, label, is_ack=False))
    if what == "stranger":
        planted.label("alert_ack", "somebody else", alert.alert_id, verdict, at)
        planted.label(_LABELS["churn" if alert.kind == "fraud" else "fraud"][0], alert.user, alert.event, "ok", at)
        planted.label("fraud_label", alert.user, alert.alert_id, "fraud", at)
    if what == "snooze":
        until = at + draw.randrange(0, 100 * HOUR_MS, HOUR_MS)
        if all(said != T0 + at for said, _ in alert.snoozes):
            planted.snooze(alert.alert_id, until, at)
            alert.snoozes.append((T0 + at, T0 + until))
    if what == "escalation":
        planted.escalation(alert.alert_id, at, number=at)
        alert.escalated.append(T0 + at)
