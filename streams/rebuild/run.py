"""One rebuild: build beside the live profiles, catch up once the workers have stopped, swap.

The order at the end is what makes it safe. With the group held, no worker is given a partition. An epoch is claimed, so
that whatever a lost worker still writes to the profiles is overruled. What the ledger has by then is folded in, and the
ledger is looked at once more after the swap: had it grown, the swap would be undone.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from schemas.topics import BEHAVIOUR, TopicNames
from streams.audit.expired import check_all_kept
from streams.clickhouse.ledger import read_tilings
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Fatal
from streams.privacy.tombstones import LATEST, Seen
from streams.rebuild import swap
from streams.rebuild.comparison import Comparison, compare
from streams.rebuild.fold import PartitionFold
from streams.rebuild.group import held
from streams.rebuild.plan import Pair, Stretch, pending, stretches
from streams.rebuild.source import batches
from streams.rebuild.workspace import ROWS, Done, Workspace
from streams.settings import Settings
from streams.transport.topics import check_partition_counts, describe
from streams.worker.claims import Claims

_LACKING = "rebuilt ones would lack what is gone. --kept-only rebuilds them from what is left"

Progressed = Callable[[int], None]
Bar = Callable[[int], AbstractContextManager[Progressed]]
"""Given the number of events in all, a context with what is told of the events done."""


@dataclass(frozen=True, kw_only=True)
class Report:
    partitions: int
    events: int
    """Contained in the profiles."""
    moved: int
    """Of these, from the log of another partition than that in which their shoppers live."""
    ledger_rows: int
    """Events that the workers wrote, by the ledger. Where the table has fewer, some were deleted or sent twice."""
    read: int
    """Read by this run; the rest by an earlier one."""
    seconds: float
    """Of reading and folding."""
    comparison: Comparison
    swapped: bool

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.read / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "rate": self.rate, "comparison": vars(self.comparison)}


def rebuild(
    settings: Settings,
    *,
    partitions: int | None = None,
    dry_run: bool = False,
    wait_s: float = 0.0,
    drop_old: bool = False,
    kept_only: bool = False,
    bar: Bar = lambda total: nullcontext(lambda done: None),
    waiting: Callable[[int], None] = lambda members: None,
) -> Report:
    """Recomputes the profiles and, without ``dry_run``, puts them in the place of the live ones. Blocks.

    ``partitions`` are those of the behaviour topics; None asks the broker. ``waiting`` is told the number of workers
    that have to stop within ``wait_s``. ``kept_only`` is for profiles of what retention has left.

    Raises ``Fatal`` where events have expired, workers don't stop, or ClickHouse refuses something, and ``Retryable``
    where Kafka doesn't answer. What was built stays, and the next run goes on from it.
    """
    reader, writer = Reader(settings), Writer(settings)
    try:
        if not kept_only:
            check_all_kept(reader, _LACKING)
        build = Build(settings, reader, writer, partitions or asyncio.run(_count_partitions(settings)), bar)
        build.catch_up()
        if not dry_run:
            asyncio.run(_swap(settings, build, wait_s, waiting))
        report = build.report(compare(reader, "profiles" if dry_run else swap.OLD, ROWS), swapped=not dry_run)
        if not dry_run:
            build.workspace.drop()
            if drop_old:
                swap.drop_old(reader)
        return report
    finally:
        reader.close()
        writer.close()


async def _count_partitions(settings: Settings) -> int:
    names, counts = TopicNames(prefix=settings.topic_prefix), await describe(settings)
    check_partition_counts(counts, names, BEHAVIOUR)
    return counts[names.on_broker(BEHAVIOUR[0])]


async def _swap(settings: Settings, build: Build, wait_s: float, waiting: Callable[[int], None]) -> None:
    async with held(settings, wait_s=wait_s, waiting=waiting):
        await asyncio.to_thread(build.swap)


class Build:
    """The rebuilt profiles. For one thread at a time; opens or makes the workspace."""

    def __init__(self, settings: Settings, reader: Reader, writer: Writer, partitions: int, bar: Bar) -> None:
        self._name = f"rebuild-{socket.gethostname()}-{os.getpid()}"
        self._seen = Seen(settings, worker=self._name, stop=threading.Event())
        self._reader = reader
        self._writer = writer
        self._partitions = partitions
        self._limit = settings.profile_cache_rows
        self._bar = bar
        self._ends: dict[Pair, int] = {}
        self._ledger_rows = 0
        self._read = 0
        self._seconds = 0.0
        self._erasures = self._latest_erasure()
        self.workspace = Workspace(reader, writer, partitions)
        self.workspace.open()

    def catch_up(self) -> None:
        """Brings every partition up to the ledger's end."""
        began = time.perf_counter()
        self._look_at_ledger()
        planned = stretches(self._reader, self._partitions)
        todo = {home: self._pending(planned, home) for home in range(self._partitions)}
        with self._bar(sum(stretch.events for parts in todo.values() for stretch in parts)) as progressed:
            before = self._read
            for home, parts in todo.items():
                if parts or home not in self.workspace.done:
                    self._fold(home, parts, lambda: progressed(self._read - before))
        self._check_erasures()
        self._seconds += time.perf_counter() - began

    def swap(self) -> None:
        """Claims, catches up and exchanges. Raises ``Fatal``, with everything as before, where a worker wrote too, or
        somebody was erased meanwhile."""
        epoch = self._claim()
        try:
            self.catch_up()
            swap.prepare(self._reader, self._partitions, epoch)
            self._check_ledger()
            swap.exchange(self._reader)
            try:
                self._check_ledger()
            except Fatal:
                swap.exchange(self._reader)
                raise
            swap.put_away(self._reader)
        finally:
            self._seen.say_gone([epoch])
            self._seen.close()

    def report(self, comparison: Comparison, *, swapped: bool) -> Report:
        done = self.workspace.done.values()
        return Report(
            partitions=self._partitions,
            events=sum(one.events for one in done),
            moved=sum(one.moved for one in done),
            ledger_rows=self._ledger_rows,
            read=self._read,
            seconds=self._seconds,
            comparison=comparison,
            swapped=swapped,
        )

    def _pending(self, planned: list[Stretch], home: int) -> list[Stretch]:
        done = self.workspace.done.get(home)
        return pending(planned, home, done.positions if done else {}, self._ends)

    def _fold(self, home: int, parts: list[Stretch], progressed: Callable[[], None]) -> None:
        before = self.workspace.done.get(home)
        done = Done(self._ends, events=before.events if before else 0, moved=before.moved if before else 0)
        fold = PartitionFold(
            self._reader,
            home,
            table=ROWS,
            fresh=before is None,
            limit=self._limit,
            write=lambda kind, rows: self.workspace.write(home, kind, rows),
        )
        self.workspace.begin(home)
        for part in parts:
            for events in batches(self._reader, part, self._partitions):
                fold.add(events)
                done.events += len(events)
                done.moved += len(events) if part.moved else 0
                self._read += len(events)
                progressed()
        fold.flush()
        self.workspace.finish(home, done)

    def _look_at_ledger(self) -> None:
        """Rows beyond its end are of runs that aren't done: the next owner of the partition goes over them again."""
        tilings = {pair: tiling for pair, tiling in read_tilings(self._reader).items() if pair[0] in BEHAVIOUR}
        self._ends = {pair: tiling.last for pair, tiling in tilings.items()}
        self._ledger_rows = sum(row.rows for tiling in tilings.values() for row in tiling.rows)

    def _check_ledger(self) -> None:
        ends = dict(self._ends)
        self._look_at_ledger()
        if self._ends != ends:
            raise Fatal(
                "a worker wrote while the profiles were to be swapped: stop all and run `footfall rebuild` again"
            )

    def _latest_erasure(self) -> int:
        return int(self._reader.query(LATEST)[0][0])

    def _check_erasures(self) -> None:
        """What is in memory may be about who was erased. An erasure that begins from now on finds it in the tables."""
        if self._latest_erasure() != self._erasures:
            self.workspace.drop()
            raise Fatal("somebody was erased meanwhile: run `footfall rebuild` again")

    def _claim(self) -> int:
        """An epoch above those of all owners so far, and below those of all to come."""
        claims = Claims(worker=self._name, duplicate_window=0)
        homes = [(topic, partition) for topic in BEHAVIOUR for partition in range(self._partitions)]
        claims.take(self._reader, self._writer, homes, time.time_ns() // 1_000_000)
        return max(claims.epochs)
