"""A text worker's pipeline as the transport calls it: on a real broker and engine, without a consumer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from models.text.engine import TextEngine
from models.text.scores import TextScores
from schemas.records import Record
from schemas.topics import REVIEWS
from streams.settings import Settings
from streams.text.metrics import Metrics
from streams.text.pipeline import TextPipeline
from streams.transport.run import RecordRun
from tests.streams.worker.runs import run_of
from tests.waiting import POLL_S

DEADLINE_S = 30.0


class Desk:
    """A pipeline, the offsets up to which runs were acknowledged, and what it failed with."""

    def __init__(self, settings: Settings, engine: TextEngine, *, worker: str = "w1") -> None:
        self.metrics = Metrics(engine)
        self.pipeline = TextPipeline(settings, worker=worker, engine=engine, metrics=self.metrics)
        self.pipeline.fail = self._fail
        self.acked: list[tuple[int, int]] = []
        self.failures: list[BaseException] = []
        self._changed = asyncio.Event()

    async def take(self, *partitions: int) -> None:
        await self.pipeline.on_assigned({(REVIEWS, partition) for partition in partitions})

    async def run(self, records: Sequence[Record], *, partition: int = 0) -> None:
        await self.pipeline.on_run(self.run_of(records, partition=partition))

    def run_of(self, records: Sequence[Record], *, partition: int = 0) -> RecordRun:
        def ack() -> None:
            self.acked.append((partition, records[-1].offset))
            self._changed.set()

        return run_of(REVIEWS, records, partition=partition, ack=ack)

    async def work(self, *runs: Sequence[Record], partition: int = 0) -> None:
        """Runs, until all are acknowledged."""
        wanted = len(self.acked) + len(runs)
        for records in runs:
            await self.run(records, partition=partition)
        await self.until(lambda: len(self.acked) >= wanted)

    async def until(self, true: Callable[[], Any]) -> None:
        """Until it holds, looked at after each ack and failure."""
        async with asyncio.timeout(DEADLINE_S):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def pause_until(self, true: Callable[[], Any]) -> None:
        """Until it holds, which may have to do with a table."""
        async with asyncio.timeout(DEADLINE_S):
            while not await asyncio.to_thread(true):
                await asyncio.sleep(POLL_S)

    async def _fail(self, error: BaseException) -> None:
        self.failures.append(error)
        self._changed.set()


@asynccontextmanager
async def desk(settings: Settings, engine: TextEngine, **given: Any) -> AsyncIterator[Desk]:
    """One that owns nothing yet; whatever happens, nothing of it is left."""
    made = Desk(settings, engine, **given)
    try:
        yield made
    finally:
        await made.pipeline.on_failure()


class Choosy(TextEngine):
    """Can't score some texts, and fails or waits when it is told to."""

    def __init__(self, model: Any) -> None:
        super().__init__(model, precision="fp32")
        self.tiers: list[str] = []
        self.windows: list[int] = []
        self.failure: BaseException | None = None
        self.held: list[Future[TextScores]] | None = None
        """What was submitted while nothing is scored; None where all is."""

    def submit(self, texts: Sequence[str], *, tier: str = "") -> Future[TextScores]:
        self.tiers.append(tier)
        self.windows.append(len(texts))
        if self.held is not None:
            self.held.append(Future())
            return self.held[-1]
        chosen: Future[TextScores] = Future()
        found = super().submit(texts, tier=tier)
        found.add_done_callback(lambda scored: self._choose(list(texts), scored, chosen))
        return chosen

    def _choose(self, texts: list[str], scored: Future[TextScores], chosen: Future[TextScores]) -> None:
        if not chosen.set_running_or_notify_cancel():
            return
        if self.failure is not None:
            chosen.set_exception(self.failure)
            return
        scores = scored.result()
        reasons = dict(scores.reasons)
        reasons |= {row: "tokens: there are none" for row, text in enumerate(texts) if "unreadable" in text}
        columns = {name: column.copy() for name, column in scores.columns.items()}
        for column in columns.values():
            column[list(reasons)] = float("nan")
        chosen.set_result(replace(scores, columns=columns, reasons=reasons))
