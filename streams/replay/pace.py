"""When events are due: as far apart as they happened, sped up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic

import numpy as np

from streams.replay.chunk import Chunk

TICK_S = 0.05
"""Events due within a tick go together: one batch a partition."""


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
