"""What the transport calls: runs become portions, portions windows, and windows are scored, written and acknowledged.

Several threads work at once, so that the engine always has the next window: the event loop holds all state and does
nothing that takes long, one thread decodes, the engine's own score, and one writes, in the order in which runs came.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from models.text.engine import TextEngine
from models.text.scores import TextScores
from schemas.alerts import SystemAlert
from schemas.topics import REVIEW_TEXTS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.concurrency import SingleThread, guarded
from streams.metrics.services import unanswering
from streams.privacy.tombstones import newer
from streams.settings import Settings
from streams.text.erased import Erased
from streams.text.flight import Flight, broken, drop, next_window, submit, wait_scored
from streams.text.flush import Flush
from streams.text.intake import Intake, Portion
from streams.text.metrics import Metrics
from streams.text.pace import Pace
from streams.text.watch import Watch
from streams.text.window import scored
from streams.transport.handler import Partitions
from streams.transport.run import RecordRun
from streams.worker.claims import Claims
from streams.worker.delivery import Delivery

IN_ENGINE = 2
"""Windows, at most: one that is scored, and the next, whose texts are tokenised meanwhile."""
UNWRITTEN = IN_ENGINE + 1
"""Windows that were submitted and aren't written, at most."""
LEAVE_S = 5.0
"""How long a worker that was asked to leave goes on scoring; the rest comes again to others."""
WATCH_INTERVAL_S = 0.5
STALLED_S = 60.0
"""On top of an outage's deadline: the time without progress after which the worker isn't well."""

log = logging.getLogger(__name__)


class TextPipeline:
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

    def __init__(self, settings: Settings, *, worker: str, engine: TextEngine, metrics: Metrics) -> None:
        self._is_assigned = False
        self._settings = settings
        self._engine = engine
        self._metrics = metrics
        self._stop = threading.Event()
        self._reader = Reader(settings, stop=self._stop)
        self._claim_writer = Writer(settings, stop=self._stop)
        self._delivery = Delivery(settings)
        self._watch = Watch(settings, self._delivery, metrics, model=engine.model, stop=self._stop)
        self._intake = Intake(settings)
        self._claims = Claims(worker=worker, duplicate_window=settings.duplicate_window)
        self._erased = Erased(settings, self._intake.ingest, self._claims, worker=worker, stop=self._stop)
        self._flush = Flush(settings, Writer(settings, stop=self._stop), self._delivery, worker=worker)
        self._read = SingleThread("read")
        self._write = SingleThread("write")
        self._open: deque[Portion] = deque()
        self._flights: deque[Flight] = deque()
        self._moved = asyncio.Event()
        self._pace = Pace(most=settings.text_window)
        self._assignment = 0
        self._taken_over = False
        self._failure: BaseException | None = None
        self._progress_at = time.monotonic()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def unwell(self) -> str:
        """Empty while there is progress or no work. From any thread."""
        stalled_s = time.monotonic() - self._progress_at if self._flights or self._open else 0.0
        is_well = self._failure is None and stalled_s < self._settings.outage_deadline_s + STALLED_S
        return "" if is_well else "no progress"

    @property
    def unready(self) -> str:
        """Empty while it is in the group, knows its partitions, which may be none, and its services answer. From any
        thread."""
        return unanswering() if self._is_assigned else "not assigned"

    def engine_broke(self, error: BaseException) -> None:
        """Ends the worker, also where only others than the stream use the engine. From any thread."""
        self._failure = broken(error)
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._fail(self._failure), self._loop)

    async def on_run(self, run: RecordRun) -> None:
        assignment = self._assignment
        await self._read.call(self._take, run, assignment)
        self._moved.set()
        await self._until(lambda: not self._is_full() or assignment != self._assignment)

    def _take(self, run: RecordRun, assignment: int) -> None:
        """On the reading thread. A run of an assignment that ended meanwhile is dropped: it comes again."""
        if assignment == self._assignment:
            with self._metrics.stage.labels("decode").time():
                portions = self._intake.take(run, self._claims.logs[REVIEW_TEXTS, run.partition])
            if not self._open and not self._flights:
                self._progress_at = time.monotonic()
            self._open.extend(portions)

    def _is_full(self) -> bool:
        return sum(max(1, len(portion.texts)) for portion in list(self._open)) >= self._settings.text_window

    async def on_assigned(self, partitions: Partitions) -> None:
        self._assignment += 1
        self._taken_over = False
        self._loop = asyncio.get_running_loop()
        await self._delivery.start()
        if self._failure is not None:
            raise self._failure
        numbers = sorted(partition for _, partition in partitions)
        self._watch.take_over(numbers, await self._read.call(self._take_over, numbers))
        self._taken_over = self._is_assigned = True
        if not self._tasks:
            work = (
                self._score_forever,
                self._write_forever,
                self._watch_forever,
                self._watch.tell_forever,
                self._follow_forever,
            )
            self._tasks = [asyncio.create_task(guarded(of_one, self._fail)) for of_one in work]

    def _take_over(self, partitions: list[int]) -> list[SystemAlert]:
        """On the reading thread. The beginnings of spells of overload that go on."""
        wanted = [(REVIEW_TEXTS, partition) for partition in partitions]
        self._claims.take(self._reader, self._claim_writer, wanted, _now_ms())
        # After the claim: an erasure that doesn't find it has written its tombstones before.
        self._erased.take_up(newer(self._reader, self._settings, self._intake.ingest.tombstones))
        return self._watch.begun(self._reader, self._claim_writer, partitions)

    async def on_revoked(self, partitions: Partitions) -> None:
        """What the engine has is written and acknowledged; the rest will be delivered again."""
        self._end_assignment()
        # Abandoning isn't waited for, since the reading thread may wait for ClickHouse: whatever it does next, it does
        # after that.
        if not self._taken_over:
            self._read.submit(self._claims.logs.clear)
            return
        try:
            await self._set_aside()
            await self._drain()
        except asyncio.CancelledError:
            log.warning("the scores could not be written before the partitions were handed over; they come again")
            drop(self._flights)
            self._open.clear()
            self._read.submit(self._claims.logs.clear)
            raise

    async def on_stop(self) -> None:
        self._end_assignment()
        if not self._taken_over:  # the reading thread may wait for ClickHouse
            await self._let_go()
            return
        await self._set_aside()
        try:
            async with asyncio.timeout(LEAVE_S):
                await self._until(lambda: self._failure or all(flight.scores.done() for flight in self._flights))
        except TimeoutError:
            log.warning("some texts would take too long to score; their reviews come again to others")
            unscored = next(n for n, flight in enumerate(self._flights) if not flight.scores.done())
            drop(list(self._flights)[unscored:])
        await self._drain()
        self._stop.set()
        if self._claims.epochs:
            await self._write.call(self._erased.seen.say_gone, self._claims.epochs)
        await self._let_go()

    async def on_failure(self) -> None:
        await self._let_go()

    async def _let_go(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._stop.set()  # a thread that waits for ClickHouse would keep the process
        await self._delivery.stop()
        self._read.end(wait=False)
        self._write.end(wait=False)

    def _end_assignment(self) -> None:
        self._assignment += 1
        self._is_assigned = False
        self._moved.set()
        self._watch.let_go()

    async def _set_aside(self) -> None:
        """Forgets what the engine hasn't begun, and how far those partitions are, which is read anew if they return."""
        await self._read.call(lambda: None)  # whatever was being decoded is among the open portions now
        keys = {(REVIEW_TEXTS, portion.run.partition) for portion in self._open}
        self._open.clear()
        await self._read.call(self._forget, keys)

    def _forget(self, keys: Partitions) -> None:
        """On the reading thread."""
        for key in keys:
            self._claims.logs.pop(key, None)

    async def _drain(self) -> None:
        """Until all windows are written or dropped. Raises what went wrong."""
        await self._until(lambda: not self._flights or self._failure)
        if self._failure is not None:
            raise self._failure

    async def _score_forever(self) -> None:
        while True:
            await self._until(self._may_score)
            fallback = self._settings.text_fallback
            tier = fallback if self._watch.is_over and fallback != "none" else ""
            flight = submit(self._engine, next_window(self._open, self._pace.window), tier=tier)
            flight.scores.add_done_callback(lambda _: self._moved.set())
            self._flights.append(flight)
            self._moved.set()

    def _may_score(self) -> bool:
        unscored = sum(not flight.scores.done() for flight in self._flights)
        return bool(self._open) and unscored < IN_ENGINE and len(self._flights) < UNWRITTEN

    async def _write_forever(self) -> None:
        scored_at = 0.0
        while True:
            await self._until(lambda: bool(self._flights))
            flight = self._flights[0]
            await wait_scored(flight)
            if not flight.dropped:
                scores = flight.scores.result()
                if scores is not None:
                    now = time.monotonic()
                    self._note(scores, took_s=now - max(flight.began, scored_at))
                    scored_at = now
                with self._metrics.flush.time():
                    await self._write.call(self._finish, flight, scores)
                for portion in flight.portions:
                    if portion.ends_run:
                        portion.run.ack()
            self._flights.popleft()
            self._progress_at = time.monotonic()
            self._moved.set()

    def _finish(self, flight: Flight, scores: TextScores | None) -> None:
        """On the writing thread."""
        parts = scored(flight.portions, scores, self._erased.kept)
        self._flush.write(parts)
        self._metrics.written(parts)

    def _note(self, scores: TextScores, *, took_s: float) -> None:
        self._pace.note(len(scores), took_s)
        self._metrics.stage.labels("score").observe(took_s)
        self._metrics.scored(scores, "stream")

    async def _follow_forever(self) -> None:
        """Who was erased: once what was decoded before is written, nothing is about them any more."""
        while True:
            tombstones = await asyncio.to_thread(self._erased.look)
            epochs = await self._read.call(self._erased.take_up, tombstones)
            if tombstones and not self._erased.seen.knows(tombstones.number, epochs):
                before = {id(portion): portion for portion in self._unwritten()}  # kept: ids are those of live ones
                await self._until(lambda: not any(id(portion) in before for portion in self._unwritten()))  # noqa: B023
                await self._write.call(self._erased.seen.say, tombstones.number, epochs)
            await asyncio.sleep(self._settings.learn_interval_s)

    def _unwritten(self) -> list[Portion]:
        return [*(portion for flight in list(self._flights) for portion in flight.portions), *list(self._open)]

    async def _watch_forever(self) -> None:
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            flying = [portion for flight in self._flights for portion in flight.portions]
            self._watch.look(list(self._open), flying, now_ms=_now_ms())

    async def _until(self, true: Callable[[], Any]) -> None:
        """Waits until the condition holds, which is looked at whenever something has moved."""
        while not true():
            self._moved.clear()
            await self._moved.wait()

    async def _fail(self, error: BaseException) -> None:
        self._failure = error
        self._moved.set()
        await self.fail(error)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
