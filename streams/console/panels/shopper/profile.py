"""The numbers of a shopper's profile, as the view ``shoppers_now`` has them."""

from __future__ import annotations

import msgspec

from schemas.layout import DECAYED_COLUMNS, MEASURES, SCALES_MS, TOTALS
from schemas.segments.shoppers import SHOPPERS
from streams.clickhouse.reader import Reader

_AS_THEY_ARE = (
    "now_ms",
    "first_ms",
    "last_ms",
    "last_purchase_ms",
    "days_here_0_6",
    "days_here_2_31",
    "max_amount",
    "mean_sentiment",
    "recent_sentiment",
)
_TOTALS = tuple(f"total_{name}" for name in TOTALS)

_NOW = f"""
SELECT {", ".join((*_AS_THEY_ARE, *_TOTALS, *DECAYED_COLUMNS))}
FROM {SHOPPERS} WHERE user_id = %(user_id)s LIMIT 1
"""  # noqa: S608 - own names


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Times are event times in Unix milliseconds, 0 for never."""

    now_ms: int
    first_ms: int
    last_ms: int
    last_purchase_ms: int
    days_here_0_6: int
    """On how many of the last 7 days the shopper was here."""
    days_here_2_31: int
    max_amount: float
    mean_sentiment: float
    recent_sentiment: float
    totals: dict[str, float]
    scales: list[str]
    decayed: dict[str, list[float]]
    """By measure: the sums at each of the scales, decayed to now."""


def profile(reader: Reader, user_id: str) -> Profile | None:
    """None where no event of the shopper has come."""
    rows = reader.query(_NOW, {"user_id": user_id})
    if not rows:
        return None
    values = iter(rows[0])
    return Profile(
        **dict(zip(_AS_THEY_ARE, values, strict=False)),
        totals=dict(zip(TOTALS, values, strict=False)),
        scales=list(SCALES_MS),
        decayed={measure: [next(values) for _ in SCALES_MS] for measure in MEASURES},
    )
