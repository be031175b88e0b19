"""The last seen few of a set (devices, countries), each with when it was last seen.

Entries are ordered by (time, hash), latest first, and only the first ``RECENT`` are kept. An entry can only come back
through a later sighting, so dropping it early or late makes no difference: union, then cut, is commutative and
associative.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from schemas.layout import RECENT

NOT_GIVEN, FIRST_EVER, SAME_AS_LAST, KNOWN, NEW = range(5)
"""What a sighting is to a shopper, in the view of an event."""


@njit(cache=True, nogil=True, inline="always")
def sighting(hashes, row, value_hash):  # type: ignore[no-untyped-def]
    """What ``value_hash`` (0 for none) is to a row of ``hashes``, uint64 of shape (n, RECENT), latest first."""
    if value_hash == np.uint64(0):
        return NOT_GIVEN
    if hashes[row, 0] == np.uint64(0):
        return FIRST_EVER
    if hashes[row, 0] == value_hash:
        return SAME_AS_LAST
    for rank in range(1, RECENT):
        if hashes[row, rank] == value_hash:
            return KNOWN
    return NEW


@njit(cache=True, nogil=True, inline="always")
def count_since(seen_ms, row, since_ms):  # type: ignore[no-untyped-def]
    """How many entries of a row of ``seen_ms`` are later than ``since_ms``."""
    count = 0
    for rank in range(RECENT):
        count += seen_ms[row, rank] > since_ms
    return count


@njit(cache=True, nogil=True, inline="always")
def add(hashes, seen_ms, row, value_hash, ts):  # type: ignore[no-untyped-def]
    """Adds a sighting to a row of ``hashes`` and ``seen_ms``, both of shape (n, RECENT). Hash 0 is no value."""
    if value_hash != np.uint64(0):
        rank = 0
        while rank < RECENT - 1 and hashes[row, rank] != value_hash:
            rank += 1
        if _later(ts, value_hash, seen_ms[row, rank], hashes[row, rank]):
            while rank > 0 and _later(ts, value_hash, seen_ms[row, rank - 1], hashes[row, rank - 1]):
                hashes[row, rank] = hashes[row, rank - 1]
                seen_ms[row, rank] = seen_ms[row, rank - 1]
                rank -= 1
            hashes[row, rank] = value_hash
            seen_ms[row, rank] = ts


@njit(cache=True, nogil=True, inline="always")
def _later(ts, value_hash, other_ts, other_hash):  # type: ignore[no-untyped-def]
    return ts > other_ts or (ts == other_ts and value_hash > other_hash)
