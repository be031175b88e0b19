"""Alerts and dead letters to their topics, with the broker's word that they are there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.errors import Fatal
from streams.replay.partitioner import key_hash
from streams.settings import Settings
from streams.transport.security import aiokafka_auth, bootstrap_servers

RETRY_INTERVAL_S = 0.5
STOP_TIMEOUT_S = 2.0
"""Nothing that counts is on its way by then: a flush waits for its deliveries."""
SENT_AT_ONCE = 100
"""Messages that are handed to the producer before the event loop may do something else: about 3 ms."""


class Message(NamedTuple):
    topic: str  # on the broker
    key: bytes
    value: bytes | None
    partition: int | None = None
    """None for that of ``beside``, or without it of the key."""
    beside: bytes = b""
    """What chooses the partition in the key's place: records of one shopper stay in order under keys of their own."""


class Delivery:
    """Sends from any thread through a producer on the event loop."""

    def __init__(self, settings: Settings) -> None:
        self._deadline_s = settings.outage_deadline_s
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connects; does nothing where that is done already. Raises ``Fatal`` where no broker answers in time."""
        if self._producer is not None:
            return
        self._loop = asyncio.get_running_loop()
        deadline = self._loop.time() + self._deadline_s
        while self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=bootstrap_servers(self._settings),
                acks="all",
                compression_type="lz4",
                request_timeout_ms=int(self._deadline_s * 1000),
                **aiokafka_auth(self._settings),
            )
            try:
                await producer.start()
                self._producer = producer
            except (KafkaError, OSError) as error:
                await producer.stop()
                if self._loop.time() > deadline:
                    raise Fatal(f"Kafka at {self._settings.kafka} can't be reached: {error}") from None
                await asyncio.sleep(RETRY_INTERVAL_S)

    async def stop(self) -> None:
        """What isn't delivered within ``STOP_TIMEOUT_S`` is dropped."""
        if self._producer is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await self._producer.stop()
            self._producer = None

    def send(self, messages: Sequence[Message]) -> Future[None]:
        """Begins to send; the future is done when all are delivered, and holds ``Fatal`` if one can't be."""
        return asyncio.run_coroutine_threadsafe(self.sent(messages), self._loop)

    async def sent(self, messages: Sequence[Message]) -> None:
        """Returns once all are delivered; raises ``Fatal`` if one can't be. On the event loop."""
        assert self._producer is not None  # noqa: S101 - started before the first run comes
        try:
            async with asyncio.timeout(self._deadline_s):
                sent = []
                counts: dict[str, int] = {}  # of partitions
                for number, (topic, key, value, partition, beside) in enumerate(messages):
                    if number % SENT_AT_ONCE == 0:
                        await asyncio.sleep(0)
                    if partition is None and beside:
                        if topic not in counts:
                            counts[topic] = len(await self._producer.partitions_for(topic))
                        partition = key_hash(beside) % counts[topic]
                    sent.append(await self._producer.send(topic, key=key, value=value, partition=partition))
                await asyncio.gather(*sent)
        except (KafkaError, TimeoutError) as error:
            topics = ", ".join(sorted({message.topic for message in messages}))
            raise Fatal(f"{topics}: messages could not be delivered: {error or type(error).__name__}") from error
