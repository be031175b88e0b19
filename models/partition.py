"""The profiles of one partition: its shoppers', and its partial rows of items, devices, cards, addresses, merchants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.profiles.kernel import Observations, View
from models.profiles.table import Dirty, ProfileTable, hash_of
from schemas.batch import EventBatch
from schemas.layout import KINDS, OFFSETS

ID_COLUMNS = {"user": "user_id", **{kind: kind for kind in KINDS if kind != "user"}}
"""The column of an ``EventBatch`` that names the profile of each kind."""


class Views(NamedTuple):
    """What a batch of n events saw."""

    shopper: View  # of n rows
    others: Mapping[str, tuple[npt.NDArray[np.int64], View]]
    """By kind: the rows of the batch that name a profile of it, of shape (m,), and their view, of m rows."""

    def of_rows(self, kind: str, rows: npt.NDArray[np.int64], n: int) -> View:
        """The view that some ``rows`` of the batch of n have of a kind; not applied and zero where they name none."""
        named, view = self.others[kind]
        position = np.full(n, -1, dtype=np.int64)
        position[named] = np.arange(len(named))
        at = position[rows]
        if not len(named):
            return View.empty(len(rows))
        chosen = view.take(np.maximum(at, 0))
        arrays: Sequence[Any] = chosen
        for array in arrays:
            array[at < 0] = 0
        return chosen


class PartitionProfiles:
    """Not thread-safe. ``complete`` tells that memory holds every row that the database does, so that an unknown id
    is a new one."""

    def __init__(self, *, epoch: int, complete: bool = False) -> None:
        self.epoch = epoch
        self.complete = complete
        self.tables = {kind: ProfileTable(epoch=epoch) for kind in KINDS}

    def __len__(self) -> int:
        return sum(map(len, self.tables.values()))

    @property
    def nbytes(self) -> int:
        return sum(table.nbytes for table in self.tables.values())

    def missing(self, events: EventBatch) -> dict[str, list[str]]:
        """The ids of each kind whose profiles have to be in memory before :meth:`observe`; kinds without are left out.

        Where the partition is ``complete`` they are new, and made here.
        """
        wanted = {kind: self.tables[kind].missing(getattr(events, column)) for kind, column in ID_COLUMNS.items()}
        if self.complete:
            for kind, ids in wanted.items():
                self.tables[kind].create(ids)
            return {}
        return {kind: ids for kind, ids in wanted.items() if ids}

    def observe(self, events: EventBatch, *, tick: int) -> Views:
        """Adds n events, whose profiles are in memory, and returns what each saw."""
        slots = {kind: self.tables[kind].locate(getattr(events, column)) for kind, column in ID_COLUMNS.items()}
        user_hash = self.tables["user"].hashes(slots["user"])
        observed = Observations(
            topic=OFFSETS.index(events.topic),
            offset=events.offset,
            type=events.type,
            ts=events.ts,
            price=events.price,
            quantity=events.quantity,
            amount=events.amount,
            rating=events.rating,
            peer=self.tables["item"].hashes(slots["item"]),
            session=_hashes(events.session),
            device=_hashes(events.device),
            country=_hashes(events.country),
        )
        shopper = self.tables["user"].observe(slots["user"], observed, tick=tick)
        by_shopper = observed._replace(peer=user_hash)
        others = {}
        for kind in KINDS[1:]:
            rows = np.flatnonzero(slots[kind] >= 0)
            chosen = by_shopper if len(rows) == len(events) else by_shopper.take(rows)
            others[kind] = rows, self.tables[kind].observe(slots[kind][rows], chosen, tick=tick)
        return Views(shopper, others)

    def take_dirty(self) -> Iterator[tuple[str, Dirty]]:
        """Copies of the dirty rows by kind, now in flight; kinds without are left out."""
        for kind, table in self.tables.items():
            dirty = table.take_dirty()
            if len(dirty):
                yield kind, dirty

    def forget_unused_since(self, tick: int) -> int:
        """Forgets the clean rows last used at ``tick`` or before; returns how many."""
        forgotten = sum(table.forget_unused_since(tick) for table in self.tables.values())
        if forgotten:
            self.complete = False
        return forgotten


def _hashes(values: Sequence[str]) -> npt.NDArray[np.uint64]:
    if not any(values):
        return np.zeros(len(values), dtype=np.uint64)
    return np.array([hash_of(value) for value in values], dtype=np.uint64)
