"""Profiles of one kind by id: where each one's row is, which rows are dirty, and which may be forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.profiles.kernel import Observations, View, absorb, observe
from models.profiles.state import Columns, Profiles
from schemas.layout import TOTALS

_TAKEN_IN = [TOTALS.index("events"), TOTALS.index("scored_reviews")]
_FIRST_CAPACITY = 1024
_EPOCH_SHIFT = np.uint64(32)


class Dirty(NamedTuple):
    """A copy of the rows that changed, to be written while the table goes on changing."""

    slots: npt.NDArray[np.int64]
    columns: dict[str, Sequence[str] | npt.NDArray[np.generic]]  # PROFILE_COLUMNS but kind and partition
    profiles: Profiles  # the same

    def __len__(self) -> int:
        return len(self.slots)


class ProfileTable:
    """The profiles of one kind and partition that are in memory.

    A row is *clean* while the database holds it as it is here, *dirty* from its first change on, and *in flight* from
    :meth:`take_dirty` until :meth:`written`. Only clean rows can be forgotten. Not thread-safe.

    Parameters
    ----------
    epoch
        Of the partition's owner. It forms the high half of the version of each row written: rows of a later owner
        overrule those of an earlier one, whatever that one still writes.
    """

    def __init__(self, *, epoch: int) -> None:
        self._epoch = np.uint64(epoch) << _EPOCH_SHIFT
        self._slots: dict[str, int] = {}
        self._allocate(_FIRST_CAPACITY)

    def _allocate(self, capacity: int) -> None:
        self.profiles = Profiles.empty(capacity)
        self._ids: list[str] = [""] * capacity
        self._free = list(range(capacity - 1, -1, -1))
        self._dirty = np.zeros(capacity, dtype=np.bool_)
        self._in_flight = np.zeros(capacity, dtype=np.bool_)
        self._used_at = np.full(capacity, -1, dtype=np.int64)  # tick of the last use; -1 for a free slot

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays; ids and their index take about 150 more a row."""
        return self.profiles.nbytes + self._used_at.nbytes

    def locate(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Slots of shape (n,): -1 where the id is empty or its profile isn't in memory."""
        slot_of = self._slots.get
        return np.array([slot_of(id, -1) for id in ids], dtype=np.int64)

    def load(self, ids: Sequence[str], columns: Columns) -> None:
        """Takes rows over from the database, as clean. Ids that are in memory already must not be among them."""
        self._occupy(ids, Profiles.from_columns(columns))

    def create(self, ids: Sequence[str]) -> None:
        """Makes empty profiles; they are written once an event has changed them."""
        self._occupy(ids, Profiles.empty(len(ids)))

    def _occupy(self, ids: Sequence[str], values: Profiles) -> None:
        self._make_room(len(ids))
        slots = [self._free.pop() for _ in ids]
        rows = np.array(slots, dtype=np.int64)
        self.profiles.put(rows, values)
        self._used_at[rows] = 0
        self._slots.update(zip(ids, slots, strict=True))
        for slot, id in zip(slots, ids, strict=True):
            self._ids[slot] = id

    def _make_room(self, n: int) -> None:
        capacity = len(self._ids)
        if n <= len(self._free):
            return
        larger = max(2 * capacity, len(self._slots) + n)
        extra = larger - capacity
        self.profiles = self.profiles.grown(larger)
        self._ids += [""] * extra
        self._free += range(larger - 1, capacity - 1, -1)
        self._dirty = np.concatenate([self._dirty, np.zeros(extra, dtype=np.bool_)])
        self._in_flight = np.concatenate([self._in_flight, np.zeros(extra, dtype=np.bool_)])
        self._used_at = np.concatenate([self._used_at, np.full(extra, -1, dtype=np.int64)])

    def observe(self, slots: npt.NDArray[np.int64], events: Observations, *, tick: int) -> View:
        """Adds events to the profiles at ``slots``, of shape (n,), and returns what each event saw."""
        view = observe(self.profiles, slots, events)
        self._touch(slots, view.applied, tick)
        return view

    def absorb(self, slots: npt.NDArray[np.int64], events: Observations, *, tick: int) -> None:
        """:meth:`observe` for those who don't look."""
        self._touch(slots, absorb(self.profiles, slots, events), tick)

    def _touch(self, slots: npt.NDArray[np.int64], applied: npt.NDArray[np.bool_], tick: int) -> None:
        self._used_at[slots[slots >= 0]] = tick
        self._dirty[slots[applied]] = True

    def take_dirty(self) -> Dirty:
        """Copies the dirty rows for writing and marks them in flight. The flight before must have ended."""
        slots = np.flatnonzero(self._dirty)
        rows = self.profiles.take(slots)
        self._dirty[slots] = False
        self._in_flight[slots] = True
        version = self._epoch | rows.totals[:, _TAKEN_IN].sum(axis=1).astype(np.uint64)
        columns: dict[str, Any] = {"id": [self._ids[slot] for slot in slots], "version": version, **rows.to_columns()}
        return Dirty(slots, columns, rows)

    def written(self, dirty: Dirty) -> None:
        """The rows are durable: those that haven't changed since are clean."""
        self._in_flight[dirty.slots] = False

    def last_uses(self) -> npt.NDArray[np.int64]:
        """The ticks at which the clean rows were last used, in no order."""
        return self._used_at[self._is_clean()]

    def forget_unused_since(self, tick: int) -> int:
        """Forgets the clean rows last used at ``tick`` or before; returns how many."""
        return self._forget(np.flatnonzero(self._is_clean() & (self._used_at <= tick)))

    def forget_where(self, true: Callable[[Sequence[str]], npt.NDArray[np.bool_]]) -> int:
        """Forgets the clean rows of whose ids, given n, it is ``true``, of shape (n,); returns how many."""
        slots = np.flatnonzero(self._is_clean())
        return self._forget(slots[true([self._ids[slot] for slot in slots.tolist()])])

    def _forget(self, slots: npt.NDArray[np.int64]) -> int:
        self.profiles.put(slots, Profiles.empty(len(slots)))
        self._used_at[slots] = -1
        for slot in slots.tolist():
            del self._slots[self._ids[slot]]
            self._ids[slot] = ""
        self._free += slots.tolist()
        return len(slots)

    def _is_clean(self) -> npt.NDArray[np.bool_]:
        return (self._used_at >= 0) & ~self._dirty & ~self._in_flight
