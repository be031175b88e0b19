"""Events that were sent twice: told by their identity within a window of offsets.

An event is a *duplicate* when a record at most ``window`` offsets before it, on the same partition, held the same event
and counted. That depends on the log alone, so every reader of the log finds the same duplicates.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from schemas.texts import Texts

_FIRST_CAPACITY = 1 << 12
_FREE = np.int64(-1)


def identities(user_id: Texts, event_id: Texts) -> npt.NDArray[np.uint64]:
    """What makes n events the same or different, on one topic: 64-bit hashes of shape (n,), never 0."""
    hashes = event_id.hashes(seeds=user_id.hashes())
    return np.maximum(hashes, np.uint64(1))


class DuplicateWindow:
    """The identities of the last records of one topic and partition. Takes 64 to 128 bytes a record of the window.

    >>> window = DuplicateWindow(window=10)
    >>> window.admit(np.array([7, 8, 7], dtype=np.uint64), np.array([0, 1, 2]))
    array([ True,  True, False])
    >>> window.admit(np.array([7, 8], dtype=np.uint64), np.array([11, 11]))
    array([ True, False])
    """

    def __init__(self, *, window: int) -> None:
        self.window = window
        self._allocate(_FIRST_CAPACITY)

    def _allocate(self, capacity: int) -> None:
        self._identity = np.zeros(capacity, dtype=np.uint64)
        self._offset = np.full(capacity, _FREE)
        self._n = 0

    def admit(self, identity: npt.NDArray[np.uint64], offset: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Takes n records in, in the order of their offsets; false of shape (n,) where one is a duplicate."""
        fresh = np.ones(len(identity), dtype=np.bool_)
        if self.window and len(identity):
            self._make_room(len(identity), int(offset[0]) - self.window)
            self._n += _admit(self._identity, self._offset, identity, offset, self.window, fresh)
        return fresh

    def _make_room(self, n: int, oldest: int) -> None:
        if 2 * (self._n + n) <= len(self._offset):
            return
        kept = np.flatnonzero(self._offset >= max(oldest, 0))  # a free place has no offset, and isn't kept
        identity, offset = self._identity[kept], self._offset[kept]
        self._allocate(1 << (4 * (len(kept) + n)).bit_length())
        self._n = _admit(self._identity, self._offset, identity, offset, 0, np.ones(len(kept), dtype=np.bool_))


@njit(cache=True, nogil=True)
def _admit(table_identity, table_offset, identity, offset, window, fresh):  # type: ignore[no-untyped-def]
    """Open addressing with linear probing; an entry that left the window is overwritten by its own identity only."""
    mask = np.uint64(len(table_offset) - 1)
    taken = 0
    for event in range(len(identity)):
        at = identity[event] & mask
        while table_offset[at] != _FREE and table_identity[at] != identity[event]:
            at = (at + np.uint64(1)) & mask
        if table_offset[at] == _FREE:
            taken += 1
        elif table_offset[at] >= offset[event] - window:
            fresh[event] = False
            continue
        table_identity[at] = identity[event]
        table_offset[at] = offset[event]
    return taken
