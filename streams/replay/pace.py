"""When events are due: as far apart as they happened, sped up; or so many a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic
from typing import Protocol

import numpy as np

from streams.replay.chunk import Chunk

TICK_S = 0.05
"""Events due within a tick go together: one batch a partition."""


CATCH_UP_S = 1.0
"""What a steady load owes after a stall is not sent in a burst, but for so many seconds of it."""


class Pacing(Protocol):
    def due(self, chunk: Chunk) -> AsyncIterator[Chunk]:
        """The events of ``chunk`` in parts, each when it is due, or at once when late."""


class Pace:
    """Parameters
    ----------
    speed
        Seconds of event time that pass in one second: 1 is real time, infinity no waiting at all.
    """

    def __init__(
        self,
        speed: float,
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._speed = speed
        self._clock = clock
        self._sleep = sleep
        self._first_ms: int | None = None
        self._started_s = 0.0

    async def due(self, chunk: Chunk) -> AsyncIterator[Chunk]:
        """The events of ``chunk`` in parts, each when its last is due, or at once when late."""
        if self._speed == float("inf"):
            yield chunk
            return
        if self._first_ms is None:
            self._first_ms = int(chunk.ts[0])
            self._started_s = self._clock()
        # An event earlier than the one before it is sent right after it.
        due_s = np.maximum.accumulate(chunk.ts - self._first_ms) / (1000 * self._speed)  # (n,)
        start = 0
        while start < len(chunk):
            stop = max(start + 1, int(np.searchsorted(due_s, due_s[start] + TICK_S)))
            passed_s = self._clock() - self._started_s
            stop = max(stop, int(np.searchsorted(due_s, passed_s, side="right")))
            if (wait_s := due_s[stop - 1] - passed_s) > 0:
                await self._sleep(wait_s)
            yield chunk.slice(start, stop)
            start = stop


class SteadyPace:
    """Parameters
    ----------
    rate
        Events a second, whatever their times.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._due_s: float | None = None

    async def due(self, chunk: Chunk) -> AsyncIterator[Chunk]:
        """The events of ``chunk``, those of a tick together; each part when its first is due."""
        at_once = max(1, int(self._rate * TICK_S))
        for start in range(0, len(chunk), at_once):
            part = chunk.slice(start, start + at_once)
            now_s = self._clock()
            due_s = now_s if self._due_s is None else max(self._due_s, now_s - CATCH_UP_S)
            if due_s > now_s:
                await self._sleep(due_s - now_s)
            yield part
            self._due_s = due_s + len(part) / self._rate
