"""Replays events into Kafka."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from time import perf_counter

from streams.errors import FootfallError
from streams.replay.chunk import Chunk, window
from streams.replay.pace import Pace, Pacing
from streams.replay.producer import EventProducer
from streams.settings import Settings

MAX_SPEED = float("inf")

Progressed = Callable[[int], None]
"""Takes the position of a replay: the number of the first event that isn't acknowledged yet."""

LAST_WAIT_S = 5.0
"""How long an interrupted replay waits for what is in flight, so that it can tell how far it came."""


@dataclass(frozen=True, kw_only=True)
class ReplayReport:
    events: int
    seconds: float
    by_topic: Mapping[str, int]
    """Events by topic, in the contract's names."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds if self.seconds else 0.0


async def replay(
    events: Iterator[Chunk],
    settings: Settings,
    *,
    speed: float = MAX_SPEED,
    pace: Pacing | None = None,
    start: int = 0,
    limit: int | None = None,
    progress: Progressed = lambda position: None,
) -> ReplayReport:
    """Send ``events`` from number ``start`` on, and wait until all are acknowledged.

    ``speed`` is in seconds of event time a second; ``pace`` takes its place. ``progress`` is told the position as it
    moves, and for a last time at the end, also that by cancellation or an error: a replay that starts there sends all
    that is missing. Chunks are prepared on a thread.

    Raises what the source raises, and ``Retryable`` or ``Fatal`` where Kafka doesn't take the events.
    """
    pace, by_topic = pace or Pace(speed), Counter[str]()
    chunks = window(events, start, limit)
    began = perf_counter()
    async with EventProducer(settings) as producer:
        try:
            async with aclosing(_prepared(chunks)) as prepared:
                async for chunk in prepared:
                    async for part in pace.due(chunk):
                        await producer.send(part.topic, part.key, part.value)
                        by_topic.update(part.topic)
                        progress(start + producer.acknowledged)
            await producer.flush()
        finally:
            with suppress(FootfallError, TimeoutError):
                await asyncio.wait_for(producer.flush(), LAST_WAIT_S)
            progress(start + producer.acknowledged)
    return ReplayReport(
        events=producer.acknowledged, seconds=perf_counter() - began, by_topic=dict(sorted(by_topic.items()))
    )


async def _prepared(chunks: Iterator[Chunk]) -> AsyncGenerator[Chunk, None]:
    """The chunks, the next one being prepared while the last is sent."""
    ahead = _started(chunks)
    try:
        while (chunk := await ahead) is not None:
            ahead = _started(chunks)
            yield chunk
    finally:
        ahead.cancel()


def _started(chunks: Iterator[Chunk]) -> asyncio.Task[Chunk | None]:
    return asyncio.create_task(asyncio.to_thread(next, chunks, None))
