"""How far behind a text worker is, and whether that is too far."""

from __future__ import annotations

from collections.abc import Iterable

from streams.text.intake import Portion

ENDS_BELOW = 0.5
"""The share of the limit that the lag must have come below before a spell is over."""
ENDS_AFTER_S = 10.0
"""How long it must have stayed there, or for as long as the limit where that is less: after a partition's reviews are
assigned it takes a moment until any are in hand."""


class Overload:
    """Whether the lag is too long, with hysteresis.

    >>> overload = Overload(limit_s=60)
    >>> [overload.note(lag_s, now_s=at) for at, lag_s in enumerate((59, 61, 59, 29))], overload.note(29, now_s=13)
    ([False, True, True, True], False)
    """

    def __init__(self, *, limit_s: float, is_over: bool = False) -> None:
        self.limit_s = limit_s
        self.is_over = is_over
        self._low_since: float | None = None

    def note(self, lag_s: float, *, now_s: float) -> bool:
        """Take in the lag as of ``now_s`` on a clock of the caller's; the new state."""
        if lag_s > self.limit_s:
            self.is_over = True
        if lag_s > ENDS_BELOW * self.limit_s:
            self._low_since = None
        elif self._low_since is None:
            self._low_since = now_s
        if self._low_since is not None and now_s - self._low_since >= min(ENDS_AFTER_S, self.limit_s):
            self.is_over = False
        return self.is_over


def lags_s(portions: Iterable[Portion], now_ms: int) -> dict[int, float]:
    """By partition that has any: the age of the oldest record in seconds."""
    found: dict[int, float] = {}
    for portion in portions:
        if portion.oldest_ms is not None:
            age_s = max(0.0, (now_ms - portion.oldest_ms) / 1000)
            found[portion.run.partition] = max(age_s, found.get(portion.run.partition, 0.0))
    return found
