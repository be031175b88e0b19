"""The load of a fault test: shoppers act in the background at a steady rate, whatever becomes of the brokers."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from streams.errors import Retryable
from streams.replay.producer import EventProducer
from streams.settings import Settings
from tests.faults.shoppers import Sent

TICK_S = 0.1
CODECS = (None, "gzip", "snappy", "lz4", "zstd")
STOP_TIMEOUT_S = 60.0


class Acting(Protocol):
    def act(self, n: int) -> list[Sent]:
        """The next ``n`` records."""


def clock_ms() -> int:
    return time.time_ns() // 1_000_000


class Load:
    """Sends while in its context; each tick's batches are compressed with the next codec.

    Attributes
    ----------
    sent
        Records handed to the producer so far.
    """

    def __init__(self, settings: Settings, shoppers: Acting, *, per_s: int) -> None:
        self.sent = 0
        self.per_s = per_s
        self._settings = settings
        self._shoppers = shoppers
        self._over = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(STOP_TIMEOUT_S)
        assert not self._thread.is_alive(), "the load doesn't end: the broker takes nothing"
        assert self._failure is None, f"the load failed: {self._failure!r}"

    def _run(self) -> None:
        try:
            asyncio.run(self._send_steadily())
        except BaseException as error:
            self._failure = error

    async def _send_steadily(self) -> None:
        outboxes = [_Outbox(self._settings, codec) for codec in CODECS]
        due = time.monotonic()
        for outbox in itertools.cycle(outboxes):
            if self._over.is_set():
                break
            acts = self._shoppers.act(int(self.per_s * TICK_S))
            await outbox.send(acts)
            self.sent += len(acts)
            due = max(due + TICK_S, time.monotonic() - TICK_S)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        for outbox in outboxes:
            await outbox.close()


class _Outbox:
    """Sends with one codec; what isn't acknowledged when the broker was away for too long is sent again."""

    def __init__(self, settings: Settings, codec: str | None) -> None:
        self._settings = settings
        self._codec = codec
        self._producer: EventProducer | None = None
        self._unacknowledged: deque[Sent] = deque()
        self._settled = 0

    async def send(self, acts: Sequence[Sent]) -> None:
        self._unacknowledged.extend(acts)
        try:
            if self._producer is None:
                self._producer = await EventProducer(self._settings, compression=self._codec).__aenter__()
                self._settled, acts = 0, list(self._unacknowledged)
            await send(self._producer, acts)
            self._settle()
        except Retryable:
            await self._part()

    async def close(self) -> None:
        while self._unacknowledged:
            await self.send(())
            try:
                if self._producer is not None:
                    await self._producer.flush()
                    self._settle()
            except Retryable:
                await self._part()
        await self._part()

    def _settle(self) -> None:
        assert self._producer is not None
        for _ in range(self._producer.acknowledged - self._settled):
            self._unacknowledged.popleft()
        self._settled = self._producer.acknowledged

    async def _part(self) -> None:
        if self._producer is not None:
            self._settle()
            await self._producer.__aexit__()
            self._producer = None


async def send(producer: EventProducer, acts: Sequence[Sent]) -> None:
    await producer.send([it.topic for it in acts], [it.key for it in acts], [it.value for it in acts])


def send_all(settings: Settings, acts: Sequence[Sent], *, codec: str | None = None) -> None:
    """Sends, and returns once the broker has all."""

    async def run() -> None:
        async with EventProducer(settings, compression=codec) as producer:
            await send(producer, acts)
            await producer.flush()

    asyncio.run(run())
