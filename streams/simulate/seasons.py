"""How busy a shop is by hour, weekday and month; 1 is the mean of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streams.simulate.rows import Floats, Ints
from streams.simulate.shop import HOUR_MS


def _around_one(*weights: float) -> Floats:
    around: Floats = np.array(weights) / np.mean(weights)
    return around


BY_HOUR = _around_one(9, 6, 4, 3, 3, 4, 8, 14, 20, 25, 28, 30, 32, 30, 28, 28, 30, 34, 40, 48, 52, 46, 32, 18)
"""(24,) UTC; the evening is busiest."""
BY_WEEKDAY = _around_one(10, 9.5, 9.5, 10, 10.5, 12, 13.5)
"""(7,) from Monday."""
BY_MONTH = _around_one(9, 8.5, 9, 9, 9, 8.5, 8, 8, 9, 10, 14, 16)
"""(12,) from January."""


@dataclass(frozen=True)
class Hours:
    """Whole hours of one day."""

    start_ms: int
    end_ms: int

    @property
    def days(self) -> float:
        """How many mean days they are worth."""
        day = self.start_ms // HOUR_MS // 24
        month = int(np.datetime64(day, "D").astype("datetime64[M]").astype(int)) % 12
        weekday = (day + 3) % 7  # the epoch was a Thursday
        return float(self._weights.sum() / 24 * BY_WEEKDAY[weekday] * BY_MONTH[month])

    def moments(self, rng: np.random.Generator, n: int) -> Ints:
        """n times in these hours, in any order."""
        until = np.cumsum(self._weights)
        hour = np.searchsorted(until[:-1], rng.random(n) * until[-1], side="right")
        at: Ints = self.start_ms + ((hour + rng.random(n)) * HOUR_MS).astype(np.int64)
        return at

    @property
    def _weights(self) -> Floats:
        first = self.start_ms // HOUR_MS % 24
        return BY_HOUR[first : first + (self.end_ms - self.start_ms) // HOUR_MS]
