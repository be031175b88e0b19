"""How an alert stands, in SQL: the one definition that lists, figures and escalation share.

People's time goes by the clock. An alert waits for somebody from ``since_ms`` on: when it was raised, or when its
snooze ended. It is, by the first of these that it fits:

``acknowledged``  a label says something of it, or of its event
``suppressed``    it wasn't sent: another one about the same was
``snoozed``       somebody put it off until a time that hasn't come
``expired``       it has waited for ``alert_expire_hours``
``open``          it waits

Of several labels the verdict is that of the last, by event time and then by ``event_id``, as for the models. One of
less weight takes none back: ``ignore`` says nothing of the event, and ``ok`` of an alert of churn nothing of whether
the shopper has churned. An acknowledgement by the desk counts once the broker has it, also before it is in ``labels``.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from schemas.events import AlertAck, ChurnLabel, FraudLabel
from streams.settings import Settings

State = Literal["open", "snoozed", "acknowledged", "expired", "suppressed"]
STATES: tuple[State, ...] = get_args(State)

WEIGHTS = {"ignore": 0, "ok": 1, "fraud": 1, "churned": 2, "active": 2}
"""Of verdicts: of those with the largest the last counts."""

_WEIGHT = f"transform(said, {list(WEIGHTS)}, {list(WEIGHTS.values())}, 0)"

_STANDING = """
WITH chosen AS (SELECT * FROM alerts FINAL WHERE {condition}),
of_alerts AS (
    SELECT user_id, target, verdict AS said, toUnixTimestamp64Milli(ts) AS at, event_id AS of_label
    FROM labels WHERE type_code = %(ack)s AND target IN (SELECT alert_id FROM chosen)
),
of_events AS (
    SELECT user_id, target, verdict AS said, toUnixTimestamp64Milli(ts) AS at, event_id AS of_label,
        if(type_code = %(fraud_label)s, 'fraud', 'churn') AS kind
    FROM labels
    WHERE type_code IN (%(fraud_label)s, %(churn_label)s) AND target IN (SELECT event_id FROM chosen)
),
facts AS (
    SELECT 'ack' AS what, alert_id, said, at, of_label, '' AS who, toInt64(0) AS until
    FROM of_alerts INNER JOIN (SELECT alert_id, user_id, alert_id AS target FROM chosen) AS acked
    USING (user_id, target)
    UNION ALL
    SELECT 'label', alert_id, said, at, of_label, '', 0
    FROM of_events INNER JOIN (SELECT alert_id, user_id, kind, event_id AS target FROM chosen) AS labelled
    USING (user_id, kind, target)
    UNION ALL
    SELECT 'ack', alert_id, verdict, said_ms, label, said_by, 0 FROM alert_acks
    WHERE alert_id IN (SELECT alert_id FROM chosen)
    UNION ALL
    SELECT 'snooze', alert_id, '', said_ms, '', said_by, until_ms FROM alert_snoozes
    WHERE alert_id IN (SELECT alert_id FROM chosen)
    UNION ALL
    SELECT 'escalation', alert_id, '', at_ms, '', '', 0 FROM alert_escalations
    WHERE alert_id IN (SELECT alert_id FROM chosen)
),
told AS (
    SELECT alert_id,
        argMaxIf(said, ({weight}, at, of_label, who), said != '') AS verdict,
        argMaxIf(who, ({weight}, at, of_label, who), said != '') AS said_by,
        argMaxIf(of_label, (at, of_label), said != '') AS last_label,
        maxIf(at, said != '') AS last_said_ms,
        minIf(at, what = 'ack') AS acked_ms,
        argMaxIf(until, at, what = 'snooze') AS snoozed_until_ms,
        maxIf(at, what = 'escalation') AS escalated_ms
    FROM facts GROUP BY alert_id
)
SELECT *, greatest(raised_ms, snoozed_until_ms) AS since_ms,
    multiIf(
        verdict != '', 'acknowledged', suppressed_by != '', 'suppressed', snoozed_until_ms > %(now_ms)s, 'snoozed',
        %(expire_ms)s > 0 AND since_ms + %(expire_ms)s <= %(now_ms)s, 'expired', 'open'
    ) AS state
FROM chosen LEFT JOIN told USING (alert_id)
"""


def standing_sql(condition: str) -> str:
    """A SELECT of the alerts that fit a ``condition`` on the columns of ``alerts``, for use in FROM.

    Beside these columns it has ``state`` and ``since_ms``; ``verdict`` and ``said_by``, of the label that counts;
    ``last_label`` and ``last_said_ms``, whatever it says; ``acked_ms``, the first acknowledgement;
    ``snoozed_until_ms``; and ``escalated_ms``, the last digest that it was in: empty or 0 for none. Its parameters are
    those of :func:`terms` and of the condition, which is written into it as it is.
    """
    return f"({_STANDING.format(condition=condition, weight=_WEIGHT)})"


def terms(settings: Settings, *, now_ms: int) -> dict[str, Any]:
    """Parameters of :func:`standing_sql`. ``now_ms`` is by the clock."""
    return {
        "now_ms": now_ms,
        "expire_ms": settings.alert_expire_ms,
        "ack": AlertAck.code,
        "fraud_label": FraudLabel.code,
        "churn_label": ChurnLabel.code,
    }
