"""What becomes of events on their way: some come late, some twice, and between them comes what no consumer can use."""

from __future__ import annotations

import numpy as np

from streams.simulate.broken import WAYS
from streams.simulate.rows import Rows, numbered
from streams.simulate.shop import DAY_MS, HOUR_MS, Shop

LATE_MS = 6 * HOUR_MS
"""In the mean."""
LATEST_MS = 3 * DAY_MS
AGAIN_MS = 600_000
"""After which an event is sent once more, in the mean."""


def dispatched(rows: Rows, shop: Shop, rng: np.random.Generator, first: int) -> tuple[Rows, int]:
    """The records that are sent of these events, each knowing when. Broken ones are numbered from ``first`` on; the
    next free number comes with them."""
    n = len(rows)
    late = rng.random(n) < shop.late
    delay = np.minimum(rng.exponential(LATE_MS, n), LATEST_MS).astype(np.int64)
    rows["at"] = rows["ts"] + late * delay
    again = rows[rng.random(n) < shop.duplicates]
    again["again"] = True
    again["at"] += rng.exponential(AGAIN_MS, len(again)).astype(np.int64)
    broken = rows[rng.random(n) < shop.broken]
    broken["broken"] = rng.integers(1, len(WAYS) + 1, len(broken))
    following = numbered(broken, first)
    return np.concatenate([rows, again, broken]), following
