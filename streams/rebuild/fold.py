"""Events into the profiles of one partition, of which a bounded number is in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.partition import PartitionProfiles
from models.profiles.table import Dirty
from schemas.batch import EventBatch
from schemas.layout import OFFSETS
from streams.clickhouse.reader import Reader
from streams.worker.hydration import hydrate

Write = Callable[[str, Dirty], None]
"""Takes a kind and the rows of it that changed; returns once they are durable."""

FIRST_EPOCH = 0
"""Of rows under way: their versions are the numbers of events that they contain, and are raised for the swap."""


class PartitionFold:
    """Not thread-safe.

    Parameters
    ----------
    home
        The partition.
    table
        Where :attr:`write` puts rows, and from where they are read again.
    fresh
        Whether the table has no row of the partition yet.
    limit
        Rows to keep in memory.
    """

    def __init__(self, reader: Reader, home: int, *, table: str, fresh: bool, limit: int, write: Write) -> None:
        self._reader = reader
        self._home = home
        self._table = table
        self._limit = limit
        self._write = write
        self._profiles = PartitionProfiles(epoch=FIRST_EPOCH, complete=fresh)
        self._tick = 0

    def add(self, events: EventBatch) -> None:
        """Adds a batch of a log, of which the profiles contain all events before it or none. Blocks."""
        self._tick += 1
        missing = self._profiles.missing(events)
        if missing:
            hydrate(self._reader, self._home, self._profiles, missing, source=self._table)
        if events.partition == self._home:
            self._profiles.observe(events, tick=self._tick)
        else:
            observe_moved(self._profiles, events, tick=self._tick)
        if len(self._profiles) > self._limit:
            self.flush()
            self._trim()

    def flush(self) -> None:
        """Writes what changed. Blocks."""
        for kind, dirty in self._profiles.take_dirty():
            self._write(kind, dirty)
            self._profiles.tables[kind].written(dirty)

    def _trim(self) -> None:
        """Keeps the later used half."""
        uses = np.sort(np.concatenate([table.last_uses() for table in self._profiles.tables.values()]))
        self._profiles.forget_unused_since(int(uses[len(uses) // 2]))


def observe_moved(profiles: PartitionProfiles, events: EventBatch, *, tick: int) -> None:
    """Adds events of another partition's log, whose offsets mean nothing here: the rows' own offsets stay as they are.

    So nothing keeps an event that is added twice from counting twice.
    """
    topic = OFFSETS.index(events.topic)
    columns = [table.profiles.offsets[:, topic] for table in profiles.tables.values()]
    own = [column.copy() for column in columns]
    for column in columns:
        column[:] = -1
    profiles.observe(replace(events, offset=np.arange(len(events))), tick=tick)
    for column, before in zip(columns, own, strict=True):
        column[:] = before
