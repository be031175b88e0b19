"""A histogram: how many observations were at most so much."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
RECORDS = (1, 10, 100, 1_000, 3_000, 10_000, 30_000, 100_000)


class Spread:
    """One thread observes, any may read.

    >>> spread = Spread((1.0, 10.0))
    >>> for value in (1.0, 2.0, 30.0):
    ...     spread.observe(value)
    >>> spread.buckets(), spread.total
    ([('1.0', 1), ('10.0', 2), ('+Inf', 3)], 33.0)
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, int]]:
        """Each bound, and how many observations are at most that."""
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        return list(zip(names, accumulate(self._counts), strict=True))
