"""Throughput and lag, pushed to all who look: the ledger is asked and the broker once each interval, while anybody
does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import suppress

import msgspec

from schemas.ledger import Span
from schemas.topics import LOGS
from streams.audit.broker import Pair, connected
from streams.console.asker import Asker
from streams.console.panels.throughput import Throughput, throughput
from streams.errors import FootfallError, Retryable
from streams.leader.watermark import watermark_ms
from streams.settings import Settings

EVERY_S = 2.0
CONNECTED_S = 120.0
"""After which the broker is asked anew which topics there are."""
PATIENCE_S = 5.0
"""Before a broker that didn't answer is asked again."""
MOST_VIEWERS = 100

logger = logging.getLogger(__name__)


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    log: str
    """The topic, by its readers: ``reviews.text`` is ``reviews`` as the text workers read it."""
    partition: int
    records: int
    """That are there and not committed."""


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    at_ms: int
    """By the clock."""
    event_ms: int
    """How far event time has come, 0 before the first event."""
    throughput: Throughput | None
    throughput_error: str
    lag: list[Lag] | None
    """None before it is known."""
    lag_error: str


class Live:
    """For one event loop. :meth:`close` it."""

    def __init__(self, settings: Settings, asker: Asker) -> None:
        self._settings = settings
        self._asker = asker
        self._viewers = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._beat = asyncio.Condition()
        self._pulse = b""
        self._is_open = True
        self._lag: list[Lag] | None = None
        self._lag_error = ""

    async def pulses(self) -> AsyncGenerator[bytes, None]:
        """The latest :class:`Pulse` as JSON, and each one after it, until closed.

        Raises ``Retryable`` where too many look already.
        """
        if self._viewers >= MOST_VIEWERS:
            raise Retryable(f"{MOST_VIEWERS} viewers look already")
        self._viewers += 1
        if not self._tasks:
            self._tasks = [asyncio.create_task(work) for work in (self._beating(), self._asking_broker())]
            for task in self._tasks:
                task.add_done_callback(_ended)
        seen = b""
        try:
            while self._is_open:
                if self._pulse is not seen:
                    seen = self._pulse
                    yield seen
                async with self._beat:
                    await self._beat.wait()
        finally:
            self._viewers -= 1
            if not self._viewers:
                await self._rest()

    async def close(self) -> None:
        """Those who look see no more."""
        self._is_open = False
        async with self._beat:
            self._beat.notify_all()
        await self._rest()

    async def _rest(self) -> None:
        """Nothing is asked while nobody looks."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._pulse, self._lag, self._lag_error = b"", None, ""

    async def _beating(self) -> None:
        while True:
            found: Throughput | None = None
            event_ms, error = 0, ""
            try:
                found = await self._asker.ask(("throughput", None), throughput, fresh_s=1)
                event_ms = await self._asker.ask(("clock", None), watermark_ms, fresh_s=1)
            except FootfallError as failure:
                error = str(failure)
            pulse = Pulse(
                at_ms=int(time.time() * 1000),
                event_ms=event_ms,
                throughput=found,
                throughput_error=error,
                lag=self._lag,
                lag_error=self._lag_error,
            )
            async with self._beat:
                self._pulse = msgspec.json.encode(pulse)
                self._beat.notify_all()
            await asyncio.sleep(EVERY_S)

    async def _asking_broker(self) -> None:
        while True:
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(CONNECTED_S), connected(self._settings) as broker:
                        while True:
                            self._lag = lags(await broker.ends(LOGS), await broker.committed(LOGS))
                            self._lag_error = ""
                            await asyncio.sleep(EVERY_S)
            except FootfallError as failure:
                self._lag, self._lag_error = None, str(failure)
                await asyncio.sleep(PATIENCE_S)


def lags(ends: dict[Pair, Span], committed: dict[Pair, int]) -> list[Lag]:
    """By log and partition."""
    return [
        Lag(log=log, partition=partition, records=max(0, end.last - max(committed.get((log, partition), 0), end.first)))
        for (log, partition), end in sorted(ends.items())
    ]


def _ended(task: asyncio.Task[None]) -> None:
    """That it ends otherwise than by being cancelled is a defect, which nobody would see."""
    if not task.cancelled():
        logger.error("Nothing is pushed any more", exc_info=task.exception())
