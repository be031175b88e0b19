"""The days (UTC) on which something happened, as bits: day d since 1970 is bit d modulo ``DAYS_REMEMBERED``.

A union of sets is the bitwise or, so days merge, and neither their order nor a repetition makes a difference. Counts
are exact where the first and last day are less than ``DAYS_REMEMBERED`` apart. Beyond that days share bits, and a count
is estimated by linear counting (Whang, Vander-Zanden, Taylor: "A Linear-Time Probabilistic Counting Algorithm for
Database Applications", 1990).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from schemas.layout import DAYS_REMEMBERED

DAY_MS = 86_400_000

_WORDS = DAYS_REMEMBERED // 64
_LINEAR = DAYS_REMEMBERED * np.log(DAYS_REMEMBERED / np.maximum(np.arange(DAYS_REMEMBERED + 1), 0.5))  # by bits not set
_PAIRS = np.uint64(0x5555555555555555)
_NIBBLES = np.uint64(0x3333333333333333)
_BYTES = np.uint64(0x0F0F0F0F0F0F0F0F)
_SUM = np.uint64(0x0101010101010101)


@njit(cache=True, nogil=True, inline="always")
def add(days, row, ts):  # type: ignore[no-untyped-def]
    """Adds the day of ``ts``, in ms, to a row of ``days``, uint64 of shape (n, words)."""
    bit = np.uint64(ts // DAY_MS) % np.uint64(DAYS_REMEMBERED)
    days[row, bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))


@njit(cache=True, nogil=True, inline="always")
def count(days, row, first_ms, last_ms):  # type: ignore[no-untyped-def]
    """How many days are in a row of ``days`` whose first and last event were at ``first_ms`` and ``last_ms``."""
    bits = np.uint64(0)
    for word in range(_WORDS):
        value = days[row, word]
        value -= (value >> np.uint64(1)) & _PAIRS
        value = (value & _NIBBLES) + ((value >> np.uint64(2)) & _NIBBLES)
        value = (value + (value >> np.uint64(4))) & _BYTES
        bits += (value * _SUM) >> np.uint64(56)
    span = last_ms // DAY_MS - first_ms // DAY_MS
    if span < DAYS_REMEMBERED:
        return np.float64(bits)
    return min(_LINEAR[DAYS_REMEMBERED - np.int64(bits)], np.float64(span + 1))
