"""The days (UTC) on which something happened, as bits: day d since 1970 is bit d modulo ``DAYS_REMEMBERED``.

A set holds the last ``DAYS_REMEMBERED`` days up to that of the latest event, and forgets those before. An earlier day
is in it or not by the latest one alone, so neither the order of days nor a repetition makes a difference, and sets
merge: each forgets what the later of the two has, and the union is the bitwise or. Counts are exact.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from schemas.layout import DAYS_REMEMBERED

DAY_MS = 86_400_000

_WORDS = DAYS_REMEMBERED // 64
_PAIRS = np.uint64(0x5555555555555555)
_NIBBLES = np.uint64(0x3333333333333333)
_BYTES = np.uint64(0x0F0F0F0F0F0F0F0F)
_SUM = np.uint64(0x0101010101010101)


@njit(cache=True, nogil=True, inline="always")
def add(days, row, ts, last_ms):  # type: ignore[no-untyped-def]
    """Adds the day of ``ts``, in ms, to a row of ``days``, uint64 of shape (n, words), whose latest event was at
    ``last_ms``; 0 for none."""
    day, last_day = ts // DAY_MS, last_ms // DAY_MS
    if day > last_day:
        _forget(days, row, last_day, day)
    if day > last_day - DAYS_REMEMBERED:
        bit = np.uint64(day) % np.uint64(DAYS_REMEMBERED)
        days[row, bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))


@njit(cache=True, nogil=True)
def forget(days, last_ms, until_ms):  # type: ignore[no-untyped-def]
    """Has each row of ``days`` forget what a latest event at ``until_ms`` in place of ``last_ms``, both of shape (n,),
    leaves behind."""
    for row in range(len(days)):
        _forget(days, row, last_ms[row] // DAY_MS, until_ms[row] // DAY_MS)


@njit(cache=True, nogil=True)
def _forget(days, row, last_day, until_day):  # type: ignore[no-untyped-def]
    if until_day - last_day >= DAYS_REMEMBERED:
        days[row] = np.uint64(0)
        return
    for day in range(last_day + 1, until_day + 1):
        bit = np.uint64(day) % np.uint64(DAYS_REMEMBERED)
        days[row, bit >> np.uint64(6)] &= ~(np.uint64(1) << (bit & np.uint64(63)))


@njit(cache=True, nogil=True, inline="always")
def count(days, row):  # type: ignore[no-untyped-def]
    """How many days are in a row of ``days``."""
    bits = np.uint64(0)
    for word in range(_WORDS):
        value = days[row, word]
        value -= (value >> np.uint64(1)) & _PAIRS
        value = (value & _NIBBLES) + ((value >> np.uint64(2)) & _NIBBLES)
        value = (value + (value >> np.uint64(4))) & _BYTES
        bits += (value * _SUM) >> np.uint64(56)
    return np.float64(bits)
