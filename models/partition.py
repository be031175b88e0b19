"""The profiles of one partition: its shoppers', and its partial rows of items, devices, cards, addresses, merchants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.profiles.kernel import UNDECIDED, Observations, View
from models.profiles.table import Dirty, ProfileTable
from models.tombstones import Tombstones
from schemas.batch import EventBatch
from schemas.events import EVENT_TYPES
from schemas.layout import KINDS, OFFSETS
from schemas.texts import Texts

INSTRUMENTS = ("device", "card", "ip", "merchant")
"""What is paid with and to whom. Their profiles are made of payments; those of shoppers and items of all events."""

_PAYMENTS = np.zeros(256, dtype=np.bool_)  # by type code
_PAYMENTS[[EVENT_TYPES[name] for name in ("checkout", "purchase", "return")]] = True


class Named(NamedTuple):
    """The events of a batch that name a profile of one kind."""

    rows: npt.NDArray[np.int64]  # (m,)
    ids: Sequence[str]  # the different ones, k of them
    code: npt.NDArray[np.int32]  # (m,) places in ids
    slot_of: npt.NDArray[np.int64]  # (k,); -1 for those not in memory

    @property
    def slots(self) -> npt.NDArray[np.int64]:
        """Of shape (m,)."""
        return self.slot_of[self.code]


class Views(NamedTuple):
    """What a batch of n events saw."""

    shopper: View  # of n rows
    instruments: Mapping[str, tuple[npt.NDArray[np.int64], View]]
    """By kind: the rows of the batch that name one, of shape (m,), and their view, of m rows."""

    def of_rows(self, kind: str, rows: npt.NDArray[np.int64], n: int) -> View:
        """The view that some ``rows`` of the batch of n have of a kind; not applied and zero where they name none."""
        named, view = self.instruments[kind]
        if not len(named):
            return View.empty(len(rows))
        position = np.full(n, -1, dtype=np.int64)
        position[named] = np.arange(len(named))
        at = position[rows]
        chosen = view.take(np.maximum(at, 0))
        arrays: Sequence[Any] = chosen
        for array in arrays:
            array[at < 0] = 0
        return chosen


@dataclass
class _Located:
    """Where the profiles of a batch are; kept from ``missing`` to ``observe``."""

    events: EventBatch
    named: dict[str, Named]


class PartitionProfiles:
    """Not thread-safe. ``complete`` tells that memory holds every row that the database does, so that an unknown id
    is a new one."""

    def __init__(self, *, epoch: int, complete: bool = False) -> None:
        self.epoch = epoch
        self.complete = complete
        self.tables = {kind: ProfileTable(epoch=epoch) for kind in KINDS}
        self._located: _Located | None = None

    def __len__(self) -> int:
        return sum(map(len, self.tables.values()))

    @property
    def nbytes(self) -> int:
        return sum(table.nbytes for table in self.tables.values())

    def missing(self, events: EventBatch) -> dict[str, list[str]]:
        """The ids of each kind whose profiles have to be in memory before :meth:`observe`; kinds without are left out.

        Where the partition is ``complete`` they are new, and made here.
        """
        located = self._locate(events)
        wanted = {}
        for kind, named in located.named.items():
            absent = np.flatnonzero(named.slot_of < 0)
            if len(absent):
                wanted[kind] = [named.ids[place] for place in absent.tolist()]
        if self.complete:
            for kind, ids in wanted.items():
                self.tables[kind].create(ids)
            return {}
        return wanted

    @property
    def n_named(self) -> int:
        """How many profiles of all kinds the events name that :meth:`missing` was last asked about."""
        return sum(len(named.ids) for named in self._located.named.values()) if self._located else 0

    def observe(self, events: EventBatch, *, tick: int) -> Views:
        """Adds n events, whose profiles are in memory, and returns what each saw."""
        located = self._locate(events).named
        self._located = None
        shoppers, items = located["user"], located["item"]
        seen_by_shopper = Observations(
            topic=OFFSETS.index(events.topic),
            offset=events.offset,
            type=events.type,
            ts=events.ts,
            price=events.price,
            quantity=events.quantity,
            amount=events.amount,
            rating=events.rating,
            sentiment=events.sentiment,
            peer=events.item.hashes(),
            session=events.session.hashes(),
            device=events.device.hashes(),
            country=events.country.hashes(),
            abnormal=np.full(len(events), UNDECIDED, dtype=np.int8),
        )
        shopper = self.tables["user"].observe(shoppers.slots, seen_by_shopper, tick=tick)
        # What the shopper's profile held already is decided no more, and counts as normal.
        seen_by_others = seen_by_shopper._replace(peer=events.user_id.hashes(), abnormal=shopper.abnormal)
        self.tables["item"].absorb(items.slots, _of_rows(seen_by_others, items.rows), tick=tick)
        instruments = {}
        for kind in INSTRUMENTS:
            named = located[kind]
            view = self.tables[kind].observe(named.slots, _of_rows(seen_by_others, named.rows), tick=tick)
            instruments[kind] = named.rows, view
        return Views(shopper, instruments)

    def _locate(self, events: EventBatch) -> _Located:
        """Looks the profiles up, and those once more that were absent the last time."""
        if self._located is None or self._located.events is not events:
            payments = np.flatnonzero(_PAYMENTS[events.type])
            everything = np.arange(len(events))
            named = {
                "user": self._named("user", everything, events.user_id),
                "item": self._named("item", everything, events.item),
            }
            for kind in INSTRUMENTS:
                named[kind] = self._named(kind, payments, getattr(events, kind))
            self._located = _Located(events, named)
        else:
            for kind, known in self._located.named.items():
                if (known.slot_of < 0).any():
                    self._located.named[kind] = known._replace(slot_of=self.tables[kind].locate(known.ids))
        return self._located

    def _named(self, kind: str, rows: npt.NDArray[np.int64], column: Texts) -> Named:
        """Of those ``rows`` of the column that aren't empty."""
        rows = rows[column.size[rows] > 0]
        ids, code = column.take(rows).distinct()
        return Named(rows, ids, code, self.tables[kind].locate(ids))

    def take_dirty(self) -> Iterator[tuple[str, Dirty]]:
        """Copies of the dirty rows by kind, now in flight; kinds without are left out."""
        for kind, table in self.tables.items():
            dirty = table.take_dirty()
            if len(dirty):
                yield kind, dirty

    def forget_unused_since(self, tick: int) -> int:
        """Forgets the clean rows last used at ``tick`` or before; returns how many."""
        return self._forgotten(sum(table.forget_unused_since(tick) for table in self.tables.values()))

    def forget_erased(self, tombstones: Tombstones) -> int:
        """Forgets the clean rows of who was erased; returns how many."""
        return self._forgotten(
            sum(table.forget_where(partial(tombstones.among, kind)) for kind, table in self.tables.items())
        )

    def _forgotten(self, forgotten: int) -> int:
        self._located = None
        if forgotten:
            self.complete = False
        return forgotten


def _of_rows(observations: Observations, rows: npt.NDArray[np.int64]) -> Observations:
    return observations if len(rows) == len(observations.offset) else observations.take(rows)
