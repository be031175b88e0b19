"""Whether those who were treated buy more than those held out, in the days after they entered a segment.

A shopper counts once, from the first time of entering, and only once all of the days have passed. Which arm that is was
drawn by hash before anybody was treated, so the arms differ by the treatment and by chance.
"""

from __future__ import annotations

from typing import Literal, get_args

from models.uplift import Arm, Uplift, of_means, of_shares
from schemas.events import EVENT_TYPES
from schemas.segments.definition import Segment
from streams.clickhouse.reader import Reader
from streams.leader.watermark import watermark_ms

Metric = Literal["orders", "revenue", "conversion"]
METRICS: tuple[Metric, ...] = get_args(Metric)
DAY_MS = 86_400_000

_VALUES: dict[Metric, str] = {
    "orders": "countIf(within)",
    "revenue": "sumIf(amount, within)",
    "conversion": "countIf(within) > 0",
}
"""Of a shopper's purchases; returns aren't subtracted."""

_ARMS = """
SELECT held_out, count(), avg(value), if(count() > 1, varSamp(value), 0) FROM (
    SELECT user_id, held_out, toFloat64({value}) AS value FROM (
        SELECT entered.user_id AS user_id, entered.held_out AS held_out, bought.amount AS amount,
            bought.ts_ms > entered.since_ms AND bought.ts_ms <= entered.since_ms + %(window_ms)s AS within
        FROM (
            SELECT user_id, argMin(held_out, number) AS held_out, argMin(at_ms, number) AS since_ms
            FROM segment_changes WHERE segment = %(segment)s AND change = 'enter' GROUP BY user_id
            HAVING since_ms + %(window_ms)s <= %(now_ms)s
        ) AS entered
        LEFT JOIN (
            SELECT user_id, toUnixTimestamp64Milli(ts) AS ts_ms, amount FROM events FINAL
            WHERE type_code = %(purchase)s
            AND user_id IN (SELECT user_id FROM segment_changes WHERE segment = %(segment)s AND change = 'enter')
        ) AS bought ON entered.user_id = bought.user_id
    )
    GROUP BY user_id, held_out
)
GROUP BY held_out
"""


def uplift(reader: Reader, segment: Segment, metric: Metric, *, days: float) -> Uplift:
    """Blocks for as long as reading the orders of all who ever entered takes."""
    about = {
        "segment": segment.name,
        "window_ms": round(days * DAY_MS),
        "now_ms": watermark_ms(reader),
        "purchase": EVENT_TYPES["purchase"],
    }
    rows = reader.query(_ARMS.format(value=_VALUES[metric]), about)
    arms = {bool(held_out): Arm(int(n), mean, variance) for held_out, n, mean, variance in rows}
    treated, held_out = (arms.get(which, Arm(0, 0.0, 0.0)) for which in (False, True))
    return of_shares(treated, held_out) if metric == "conversion" else of_means(treated, held_out)
