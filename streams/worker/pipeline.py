"""What the transport calls: runs go through the compute thread, what they leave is flushed by the writer thread.

The two threads, and the learning one, have a ClickHouse connection each. The compute thread owns all state: profiles,
logs, and the outcomes since the last cut. So a cut, made there, is exact: the profiles in it contain its runs and no
others. While the writer thread writes a cut, the compute thread goes on with the next runs.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from schemas.topics import BEHAVIOUR, CARTS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.concurrency import SingleThread, guarded
from streams.leader.duties import duties
from streams.leader.duty import Leader
from streams.privacy.tombstones import Seen
from streams.settings import Settings
from streams.transport.handler import Partitions
from streams.transport.run import RecordRun
from streams.worker.claims import Claims
from streams.worker.costs import Costs
from streams.worker.cut import Cut, DirtyProfiles
from streams.worker.delivery import Delivery
from streams.worker.figures import Figures
from streams.worker.flush import Flush
from streams.worker.following import Following
from streams.worker.processor import Outcome, Processor
from streams.worker.takeover import take_over

LEAVE_S = 2.0
"""How long a worker that leaves waits for the leader's round: a part of the time that it has to finish."""

log = logging.getLogger(__name__)


def clock_ms() -> int:
    return time.time_ns() // 1_000_000


class Amount(NamedTuple):
    """Of records that were processed and aren't written yet."""

    rows: int = 0
    n_bytes: int = 0


class Pipeline:
    """A ``RunHandler``.

    Parameters
    ----------
    worker
        Its name in the ledger.

    Attributes
    ----------
    fail
        Awaited on the event loop with what went wrong outside of the transport's calls; to be set before the start.
    """

    fail: Callable[[BaseException], Awaitable[None]]

    def __init__(self, settings: Settings, *, worker: str) -> None:
        self.costs = Costs()
        self.figures = Figures()
        self._settings = settings
        self._stop = threading.Event()
        self._reader = Reader(settings, stop=self._stop)
        self._claim_writer = Writer(settings, stop=self._stop)
        self._delivery = Delivery(settings)
        self._processor = Processor(
            settings, reader=self._reader, delivery=self._delivery, costs=self.costs, clock_ms=clock_ms
        )
        self._claims = Claims(worker=worker, duplicate_window=settings.duplicate_window)
        self._following = Following(settings, stop=self._stop, costs=self.costs)
        self.leader = Leader(
            duties(settings, self._delivery, clock_ms=clock_ms, stop=self._stop, costs=self.costs), costs=self.costs
        )
        self._flush = Flush(
            Writer(settings, stop=self._stop),
            worker=worker,
            deadline_s=settings.outage_deadline_s,
            costs=self.costs,
        )
        self._seen = Seen(settings, worker=worker, stop=self._stop)
        self._in_round = threading.Lock()
        self._compute = SingleThread("compute")
        self._write = SingleThread("write")
        self._open: list[Outcome] = []
        self._waiting = Amount()
        self._in_flight = Amount()
        self._assignment = 0
        self._taken_over = False
        self._flushing = asyncio.Lock()
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def unwritten_rows(self) -> int:
        """That were processed. From any thread."""
        return self._waiting.rows + self._in_flight.rows

    @property
    def profile_rows(self) -> int:
        """In memory, about. From any thread."""
        return sum(map(len, self._processor.profiles.copy().values()))

    async def on_run(self, run: RecordRun) -> None:
        assignment = self._assignment
        self.figures.takes(run)
        await self._compute.call(self._process, run, assignment)
        self._work.set()
        while self._is_full() and assignment == self._assignment:
            self._room.clear()
            await self._room.wait()

    def _is_full(self) -> bool:
        n_bytes = self._waiting.n_bytes + self._in_flight.n_bytes
        return self.unwritten_rows > self._settings.flush_rows or n_bytes > self._settings.flush_bytes

    async def on_assigned(self, partitions: Partitions) -> None:
        self._assignment += 1
        self._taken_over = False
        await self._delivery.start()
        await self._compute.call(self._take_over, partitions)
        self._taken_over = True
        self.leader.leading = (CARTS, 0) in partitions
        if not self._tasks:
            await self._follow()
            self._tasks = [
                asyncio.create_task(guarded(self._flush_forever, self.fail)),
                asyncio.create_task(guarded(self._lead_and_follow_forever, self.fail)),
            ]
        self.figures.assigned({key: log.position for key, log in self._claims.logs.items()})

    async def on_revoked(self, partitions: Partitions) -> None:
        """What was processed is flushed and acknowledged; what was not will be delivered again."""
        self._assignment += 1
        self._room.set()
        self.leader.leading = False
        self.figures.revoked()
        # Abandoning isn't waited for, since the compute thread may wait for ClickHouse: whatever it does next, it does
        # after that.
        if not self._taken_over:
            self._compute.submit(self._abandon)
            return
        try:
            await self._flush_once()
        except asyncio.CancelledError:
            log.warning("the rows could not be written before the partitions were handed over; they come again")
            self._compute.submit(self._abandon)
            raise

    async def on_stop(self) -> None:
        self._assignment += 1
        self.leader.leading = False
        async with self._flushing:
            for task in self._tasks:
                task.cancel()
        await self._flush_once()
        self.figures.revoked()
        self._stop.set()
        await self._write.call(self._say_gone)
        await self._let_go()

    async def on_failure(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._let_go()

    async def _let_go(self) -> None:
        self.costs.note_threads()
        self._stop.set()  # a thread that waits for ClickHouse would keep the process
        await self._delivery.stop()
        self._compute.end(wait=False)
        self._write.end(wait=False)

    def _process(self, run: RecordRun, assignment: int) -> None:
        """On the compute thread. A run of an assignment that ended meanwhile is dropped: it comes again."""
        if assignment == self._assignment:
            began = time.monotonic()
            outcome = self._processor.process(run, self._claims.logs[run.topic, run.partition])
            self.figures.processed(outcome, time.monotonic() - began)
            self._open.append(outcome)
            self._waiting = Amount(self._waiting.rows + len(run), self._waiting.n_bytes + outcome.n_bytes)

    def _take_over(self, partitions: Partitions) -> None:
        """On the compute thread."""
        alerts = take_over(
            partitions,
            self._claims,
            self._processor,
            reader=self._reader,
            writer=self._claim_writer,
            settings=self._settings,
            now_ms=clock_ms(),
        )
        if alerts:
            messages = [self._processor.message_of(alert) for alert in alerts]
            self._delivery.send(messages).result(self._settings.outage_deadline_s)

    def _abandon(self) -> None:
        """On the compute thread: forgets all state, since what isn't written is wrong from now on."""
        self._open.clear()
        self._waiting = Amount()
        self._claims.logs.clear()
        self._processor.profiles.clear()
        self._processor.suppressions.clear()

    async def _flush_forever(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            began = time.monotonic()
            await self._flush_once()
            await asyncio.sleep(max(0.0, self._settings.flush_interval_s - (time.monotonic() - began)))

    async def _flush_once(self) -> None:
        async with self._flushing:
            cut = await self._compute.call(self._cut)
            if not cut.outcomes:
                return
            began = time.monotonic()
            await self._write.call(self._flush.write, cut)
            for outcome in cut.outcomes:
                outcome.run.ack()
            self.figures.written(cut.outcomes, time.monotonic() - began, cut.written_ms)
            await self._compute.call(self._settle, cut)
            self._room.set()

    def _cut(self) -> Cut:
        """On the compute thread."""
        with self.costs.stage("cut"):
            outcomes, self._open = self._open, []
            self._in_flight, self._waiting = self._waiting, Amount()
            dirty = [
                DirtyProfiles(
                    partition=partition,
                    kind=kind,
                    profiles=profiles,
                    rows=rows,
                    latest_ms=self._processor.latest_ms[partition],
                )
                for partition, profiles in self._processor.profiles.items()
                for kind, rows in (profiles.take_dirty() if outcomes else ())
            ]
            done = {o.run.partition for o in outcomes if o.run.topic in BEHAVIOUR and o.n_records}
            starts = self._claims.starts(done)
            return Cut(
                outcomes=outcomes,
                dirty=dirty,
                starts=starts,
                written_ms=clock_ms(),
                champions=self._processor.champions,
            )

    def _settle(self, cut: Cut) -> None:
        """On the compute thread: what was written is clean."""
        with self.costs.stage("cut"):
            for part in cut.dirty:
                part.profiles.tables[part.kind].written(part.rows)
            self._in_flight = Amount()
            self._processor.trim(self._settings.profile_cache_rows)

    async def _lead_and_follow_forever(self) -> None:
        while True:
            await asyncio.sleep(self._settings.learn_interval_s)
            await asyncio.to_thread(self._lead)
            await self._follow()

    def _lead(self) -> None:
        with self._in_round:
            self.leader.round()

    async def _follow(self) -> None:
        """Between the leader's rounds."""
        followed = await asyncio.to_thread(self._following.poll)
        await self._compute.call(self._processor.follow, followed)
        self.figures.follows(followed)
        if followed.tombstones:
            await self._take_up(followed.tombstones.number)

    async def _take_up(self, number: int) -> None:
        """Drops all about who was erased, and says so: what is written from now on is without them, or follows from
        what is in the tables now."""
        epochs = await self._compute.call(lambda: {log.epoch for log in self._claims.logs.values()})
        if self._seen.knows(number, epochs):
            return
        await asyncio.to_thread(self.leader.close)
        await self._flush_once()
        await self._compute.call(self._processor.forget_erased)
        await self._write.call(self._seen.say, number, epochs)

    def _say_gone(self) -> None:
        """On the writer thread, after all that was to be written: unless the leader is still at something."""
        if self._claims.epochs and self._in_round.acquire(timeout=LEAVE_S):
            self._seen.say_gone(self._claims.epochs)
