"""What a shopper did, and how that was scored at the time. Cards, addresses, devices and texts stay in the tables."""

from __future__ import annotations

import msgspec

from schemas.events import EVENT_TYPES
from streams.clickhouse.reader import Reader

EVENTS = 100
SCORES = 1_000
"""Points of each chart, the latest ones."""

SCORED = 2
"""The state of a score that there is."""

_EVENTS = """
SELECT toUnixTimestamp64Milli(ts), toString(type), item, category, quantity, price, amount, order_id, rating
FROM events FINAL WHERE user_id = %(user_id)s ORDER BY ts DESC, topic, event_id LIMIT %(limit)s
"""

_CHURN = """
SELECT toUnixTimestamp64Milli(ts), churn_score FROM events FINAL
WHERE user_id = %(user_id)s AND churn_state = %(scored)s ORDER BY ts DESC, topic, event_id LIMIT %(limit)s
"""

_FRAUD = """
SELECT toUnixTimestamp64Milli(ts), fraud_score FROM events FINAL
WHERE user_id = %(user_id)s AND fraud_state = %(scored)s AND type_code = %(purchase)s
ORDER BY ts DESC, topic, event_id LIMIT %(limit)s
"""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    ts_ms: int
    type: str
    item: str
    category: str
    quantity: float
    price: float
    amount: float
    order_id: str
    rating: float


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """The earliest first."""

    ts_ms: list[int]
    score: list[float]


def events(reader: Reader, user_id: str) -> list[Event]:
    """The last ``EVENTS``, the latest first."""
    rows = reader.query(_EVENTS, {"user_id": user_id, "limit": EVENTS})
    return [Event(**dict(zip(Event.__struct_fields__, row, strict=True))) for row in rows]


def churn_scores(reader: Reader, user_id: str) -> Scores:
    """As of each event."""
    return _scores(reader.query(_CHURN, {"user_id": user_id, "scored": SCORED, "limit": SCORES}))


def fraud_scores(reader: Reader, user_id: str) -> Scores:
    """Of each purchase."""
    about = {"user_id": user_id, "scored": SCORED, "limit": SCORES, "purchase": EVENT_TYPES["purchase"]}
    return _scores(reader.query(_FRAUD, about))


def _scores(rows: list[tuple[int, float]]) -> Scores:
    earliest_first = rows[::-1]
    return Scores(ts_ms=[ts_ms for ts_ms, _ in earliest_first], score=[score for _, score in earliest_first])
