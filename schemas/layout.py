"""The layout of a profile row: which aggregates a profile holds, and the columns they are stored in.

A profile is kept for each *kind* of thing that events are about. All kinds share one layout, one table and one kernel.
What depends on the kind is who its *peers* are: those of a shopper are items, those of any other kind are shoppers.

Every aggregate can be merged: sums that decay exponentially, plain sums, minima, maxima, HyperLogLogs, sets of days,
and the most recent few of a set by time. None depends on the order in which events came, but for which purchases are
abnormal.
"""

from __future__ import annotations

KINDS = ("user", "item", "device", "card", "ip", "merchant")
"""Codes are positions. A user lives in one partition; of any other kind each partition holds its own partial row."""

SCALES_MS = {"1h": 3_600_000, "1d": 86_400_000, "7d": 604_800_000, "30d": 2_592_000_000}
"""Time scales of the decayed sums: an event of age t counts ``exp(-t / scale)``."""

MEASURES = (
    "views",
    "clicks",
    "searches",
    "cart_adds",
    "cart_removes",
    "checkouts",
    "purchases",
    "returns",
    "reviews",
    "spent",
    "refunded",
    "stars",
    "night",
    "cart_units",
    "cart_value",
    "abnormal",
    "scored_reviews",
    "sentiment",
)
"""What is summed with decay, at every scale. The first nine count events and stand in the order of their type codes.

``spent`` and ``refunded`` are amounts, ``stars`` sums the ratings of reviews, ``night`` counts events from 0 h to 6 h
UTC.
``cart_units`` and ``cart_value`` are what was added to the cart less what was removed or bought.
``abnormal`` counts purchases of an amount far beyond what the shopper has paid before, for the shopper and for all that
the purchase names. That is decided as the purchase is taken in, from the shopper's purchases that came before it: all
of them come by one topic, so their order is that of its offsets, whatever comes by the others.
``scored_reviews`` counts the reviews whose text was read, which comes after the review, and ``sentiment`` sums what was
found, from -1 to 1 each.
"""

TOTALS = (
    "events",
    "purchases",
    "returns",
    "spent",
    "spent_squared",
    "refunded",
    "cart_adds",
    "scored_reviews",
    "sentiment",
)
"""What is summed without decay, since the first event. A scored review is no event of its own."""

ABNORMAL_ORDERS = 5
"""Purchases that a shopper must have made before one can be abnormal: a mean of fewer says little."""

ABNORMAL_RATIO = 2.5
"""A purchase is abnormal that costs more than so many times the mean of the shopper's before it."""

HLL_REGISTERS = 64
"""Registers of a HyperLogLog, one byte each: a standard error of 13 %, far less for a few dozen values."""

DAYS_REMEMBERED = 512
"""Bits of a set of days: it holds as many days up to the latest, well over a year."""

RECENT = 4
"""How many devices and how many countries a profile remembers: the last seen ones."""

OFFSETS = ("clicks", "carts", "reviews", "reviews.scored")
"""The topics whose offsets a row carries: the last record of each that the row contains, -1 for none."""

DECAYED_COLUMNS = tuple(f"{measure}_{scale}" for measure in MEASURES for scale in SCALES_MS)
TOTAL_COLUMNS = tuple(f"total_{name}" for name in TOTALS)
EXTREME_COLUMNS = ("first_ms", "last_ms", "last_purchase_ms")
PEERS_COLUMNS = tuple(f"peers_hll_{word}" for word in range(HLL_REGISTERS // 8))
SESSIONS_COLUMNS = tuple(f"sessions_hll_{word}" for word in range(HLL_REGISTERS // 8))
DAYS_COLUMNS = tuple(f"days_{word}" for word in range(DAYS_REMEMBERED // 64))
DEVICES_COLUMNS = tuple(f"device_{rank}_{part}" for rank in range(RECENT) for part in ("hash", "ms"))
COUNTRIES_COLUMNS = tuple(f"country_{rank}_{part}" for rank in range(RECENT) for part in ("hash", "ms"))
OFFSET_COLUMNS = tuple(f"{topic.replace('.', '_')}_offset" for topic in OFFSETS)


def _column_types() -> dict[str, str]:
    types = {"kind": "UInt8", "partition": "Int32", "id": "String", "version": "UInt64"}
    types |= dict.fromkeys(OFFSET_COLUMNS, "Int64")
    types |= dict.fromkeys(EXTREME_COLUMNS, "Int64")
    types |= dict.fromkeys((*TOTAL_COLUMNS, "max_amount"), "Float64")
    types |= dict.fromkeys(DECAYED_COLUMNS, "Float64")
    types |= dict.fromkeys((*PEERS_COLUMNS, *SESSIONS_COLUMNS, *DAYS_COLUMNS), "UInt64")
    for column in (*DEVICES_COLUMNS, *COUNTRIES_COLUMNS):
        types[column] = "UInt64" if column.endswith("_hash") else "Int64"
    return types


PROFILE_COLUMNS: dict[str, str] = _column_types()
"""ClickHouse type by column, in the order in which rows are written and read."""
