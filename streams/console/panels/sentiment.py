"""Items whose reviews of late read worse than those before."""

from __future__ import annotations

import msgspec

from streams.clickhouse.reader import Reader
from streams.console.panels.panel import NoParams, Panel
from streams.leader.watermark import watermark_ms
from streams.settings import Settings

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
LATELY_DAYS = 28
WEEKS = 26
LEAST_REVIEWS = 3
"""Lately, and before: of fewer the mean says little."""
ITEMS = 8

_WITHIN = """
FROM review_scores FINAL
WHERE ts > fromUnixTimestamp64Milli(%(from_ms)s, 'UTC') AND ts <= fromUnixTimestamp64Milli(%(now_ms)s, 'UTC')
"""

_FALLING = f"""
SELECT item, countIf(NOT lately) AS n_before, avgIf(found, NOT lately) AS was,
    countIf(lately) AS n_lately, avgIf(found, lately) AS is
FROM (
    SELECT item, sentiment AS found, ts > fromUnixTimestamp64Milli(%(lately_ms)s, 'UTC') AS lately {_WITHIN}
)
GROUP BY item HAVING n_before >= %(least)s AND n_lately >= %(least)s AND is < was
ORDER BY is - was, item LIMIT %(limit)s
"""  # noqa: S608 - own SQL

_BY_WEEK = f"""
SELECT item, intDiv(%(now_ms)s - toUnixTimestamp64Milli(ts), {WEEK_MS}) AS week_ago, avg(sentiment)
{_WITHIN} AND item IN %(items)s
GROUP BY item, week_ago ORDER BY item, week_ago LIMIT %(limit)s
"""

_READ = f"SELECT count() {_WITHIN}"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Sentiment goes from -1 to 1."""

    item: str
    reviews_before: int
    before: float
    reviews_lately: int
    lately: float
    by_week: list[float | None]
    """The mean of each of the last ``WEEKS``, the last one up to now; none where there was no review."""


class Falling(msgspec.Struct, frozen=True, kw_only=True):
    now_ms: int
    """Event time."""
    lately_days: int
    weeks: int
    reviews: int
    """That were read within these weeks, of all items."""
    items: list[Item]
    """The steepest fall first."""


def falling(reader: Reader, _: Settings, __: NoParams) -> Falling:
    now_ms = watermark_ms(reader)
    within = {"now_ms": now_ms, "from_ms": now_ms - WEEKS * WEEK_MS}
    about = {"lately_ms": now_ms - LATELY_DAYS * DAY_MS, "least": LEAST_REVIEWS, "limit": ITEMS}
    rows = reader.query(_FALLING, within | about)
    weeks: dict[str, list[float | None]] = {item: [None] * WEEKS for item, *_ in rows}
    if rows:
        for item, ago, mean in reader.query(_BY_WEEK, within | {"items": tuple(weeks), "limit": ITEMS * WEEKS}):
            weeks[item][WEEKS - 1 - ago] = mean
    return Falling(
        now_ms=now_ms,
        lately_days=LATELY_DAYS,
        weeks=WEEKS,
        reviews=reader.query(_READ, within)[0][0],
        items=[
            Item(item=item, reviews_before=n, before=was, reviews_lately=n_lately, lately=now, by_week=weeks[item])
            for item, n, was, n_lately, now in rows
        ],
    )


PANEL = Panel(falling, fresh_s=30.0)
