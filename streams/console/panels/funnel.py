"""Today's funnel: who looked, who then filled a cart, who then bought. Today is the day of event time.

Shoppers are counted, so a row that was written twice and isn't merged yet counts once, without ``FINAL``.
"""

from __future__ import annotations

import msgspec

from schemas.events import EVENT_TYPES
from streams.clickhouse.reader import Reader
from streams.console.panels.panel import NoParams, Panel
from streams.leader.watermark import watermark_ms
from streams.settings import Settings

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
STEPS = ("view", "cart_add", "purchase")

_WHERE = """
FROM events
WHERE ts >= fromUnixTimestamp64Milli(%(from_ms)s, 'UTC') AND ts < fromUnixTimestamp64Milli(%(until_ms)s, 'UTC')
    AND type_code IN (%(view)s, %(cart_add)s, %(purchase)s)
"""

_SHOPPERS = f"""
SELECT
    countIf(hasAny(steps, [%(view)s])), countIf(hasAny(steps, [%(cart_add)s])), countIf(hasAny(steps, [%(purchase)s])),
    countIf(come >= 1), countIf(come >= 2), countIf(come >= 3)
FROM (
    SELECT user_id, groupUniqArray(type_code) AS steps,
        windowFunnel(86400000)(toUInt64(toUnixTimestamp64Milli(ts)),
            type_code = %(view)s, type_code = %(cart_add)s, type_code = %(purchase)s) AS come
    {_WHERE}
    GROUP BY user_id
)
"""  # noqa: S608 - own SQL

_HOURS = f"""
SELECT intDiv(toUnixTimestamp64Milli(ts) - %(from_ms)s, {HOUR_MS}) AS hour,
    uniqExactIf(user_id, type_code = %(view)s),
    uniqExactIf(user_id, type_code = %(cart_add)s),
    uniqExactIf(user_id, type_code = %(purchase)s)
{_WHERE}
GROUP BY hour ORDER BY hour LIMIT 24
"""

_ORDERS = f"""
SELECT count(), sum(paid) FROM (
    SELECT any(amount) AS paid {_WHERE} AND type_code = %(purchase)s GROUP BY user_id, event_id
)
"""  # noqa: S608 - own SQL


class Step(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    shoppers: int
    """Who did it today."""
    in_order: int
    """Who did it today after all steps before."""
    by_hour: list[int]
    """Shoppers, of the 24 hours."""


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    now_ms: int
    """Event time, 0 before the first event."""
    steps: list[Step]
    orders: int
    revenue: float


def funnel(reader: Reader, _: Settings, __: NoParams) -> Funnel:
    now_ms = watermark_ms(reader)
    from_ms = now_ms // DAY_MS * DAY_MS
    about = {name: EVENT_TYPES[name] for name in STEPS} | {"from_ms": from_ms, "until_ms": from_ms + DAY_MS}
    (shoppers,) = reader.query(_SHOPPERS, about)
    by_hour = [[0] * 24 for _ in STEPS]
    for hour, *counts in reader.query(_HOURS, about):
        for step, n in zip(by_hour, counts, strict=True):
            step[hour] = n
    ((orders, revenue),) = reader.query(_ORDERS, about)
    return Funnel(
        now_ms=now_ms,
        steps=[
            Step(step=name, shoppers=shoppers[at], in_order=shoppers[at + len(STEPS)], by_hour=by_hour[at])
            for at, name in enumerate(STEPS)
        ],
        orders=orders,
        revenue=revenue,
    )


PANEL = Panel(funnel, fresh_s=5.0)
