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

_WEIGHT = f"transform(verdict, {list(WEIGHTS)}, {[weight + 1 for weight in WEIGHTS.values()]}, 1)"

_STANDING = """
WITH chosen AS (
    SELECT alert_id, user_id, event_id, kind, ts, score, raised_ms, suppressed_by FROM alerts FINAL WHERE {condition}
),
acks AS (
    SELECT target AS alert_id, user_id, max(({weight}, at, event_id, '', verdict)) AS counting,
        max((at, event_id)) AS latest, min(at) AS first_ms
    FROM (
        SELECT target, user_id, event_id, verdict, toUnixTimestamp64Milli(ts) AS at FROM labels
        WHERE type_code = %(ack)s
    )
    GROUP BY target, user_id
),
verdicts AS (
    SELECT target AS event_id, user_id, kind, max(({weight}, at, label, '', verdict)) AS counting,
        max((at, label)) AS latest
    FROM (
        SELECT target, user_id, event_id AS label, verdict, toUnixTimestamp64Milli(ts) AS at,
            if(type_code = %(fraud_label)s, 'fraud', 'churn') AS kind
        FROM labels
        WHERE type_code IN (%(fraud_label)s, %(churn_label)s) AND target IN (SELECT event_id FROM chosen)
    )
    GROUP BY target, user_id, kind
),
desk AS (
    SELECT alert_id, max(said) AS counting, max((said.2, said.3)) AS latest, minIf(said.2, said.1 > 0) AS first_ms,
        max(snooze).2 AS until_ms, max(escalated) AS escalated_ms
    FROM (
        SELECT alert_id, ({weight}, said_ms, label, said_by, toString(verdict)) AS said,
            (toInt64(0), toInt64(0)) AS snooze, toInt64(0) AS escalated
        FROM alert_acks
        UNION ALL
        SELECT alert_id, (0, 0, '', '', ''), (said_ms, until_ms), 0 FROM alert_snoozes
        UNION ALL
        SELECT alert_id, (0, 0, '', '', ''), (0, 0), at_ms FROM alert_escalations
    )
    GROUP BY alert_id
)
SELECT chosen.alert_id AS alert_id, chosen.kind AS kind, chosen.ts AS ts, chosen.score AS score,
    chosen.raised_ms AS raised_ms, chosen.suppressed_by AS suppressed_by,
    arrayMax([acks.counting, verdicts.counting, desk.counting]) AS counting,
    arrayMax([acks.latest, verdicts.latest, desk.latest]) AS latest,
    counting.5 AS verdict, counting.4 AS said_by, latest.2 AS last_label, latest.1 AS last_said_ms,
    arrayMin(arrayFilter(at -> at > 0, [acks.first_ms, desk.first_ms])) AS acked_ms,
    desk.until_ms AS snoozed_until_ms, desk.escalated_ms AS escalated_ms,
    greatest(raised_ms, snoozed_until_ms) AS since_ms,
    multiIf(
        verdict != '', 'acknowledged', suppressed_by != '', 'suppressed', snoozed_until_ms > %(now_ms)s, 'snoozed',
        %(expire_ms)s > 0 AND since_ms + %(expire_ms)s <= %(now_ms)s, 'expired', 'open'
    ) AS state
FROM chosen
LEFT JOIN acks ON chosen.alert_id = acks.alert_id AND chosen.user_id = acks.user_id
LEFT JOIN verdicts
    ON chosen.event_id = verdicts.event_id AND chosen.user_id = verdicts.user_id AND chosen.kind = verdicts.kind
LEFT JOIN desk ON chosen.alert_id = desk.alert_id
"""

WAITING = """
(
    %(expire_ms)s = 0 OR raised_ms + %(expire_ms)s > %(now_ms)s
    OR alert_id IN (SELECT alert_id FROM alert_snoozes WHERE until_ms + %(expire_ms)s > %(now_ms)s)
)
"""
"""A condition that those that are open or snoozed fit, among others, so that not all alerts need to be looked at."""


def standing_sql(condition: str) -> str:
    """A SELECT of the alerts that fit a ``condition`` on the columns of ``alerts``, for use in FROM.

    It has ``alert_id``, ``kind``, ``ts``, ``score``, ``raised_ms`` and ``suppressed_by`` of the alert; ``state`` and
    ``since_ms``; ``verdict`` and ``said_by``, of the label that counts; ``last_label`` and ``last_said_ms``, whatever
    it says; ``acked_ms``, the first acknowledgement; ``snoozed_until_ms``; and ``escalated_ms``, the last digest that
    it was in: empty or 0 for none. Its parameters are those of :func:`terms` and of the condition, which is written
    into it as it is.
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
