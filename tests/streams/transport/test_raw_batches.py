"""The fetcher's way to the broker."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.protocol.fetch import FetchRequest

from schemas.topics import CLICKS
from streams.transport import ensure_topics
from streams.transport.raw_batches import hand_out_batches

PAUSE_S = 0.15
N_FETCHES = 6


class Watched:
    """A client that notes when fetches go out and when their answers come."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.fetches: list[tuple[float, float]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: int, request: Any) -> Any:
        sent = time.monotonic()
        response = await self._client.send(node_id, request)
        if isinstance(request, FetchRequest):
            self.fetches.append((sent, time.monotonic()))
        return response


@pytest.mark.timeout(60)
def test_a_broker_is_not_asked_again_before_the_pause_is_over(bare: Any) -> None:
    asyncio.run(ensure_topics(bare.settings))
    fetches = asyncio.run(_fetches(bare.settings.kafka, bare.settings.topic_prefix + CLICKS))
    gaps = [sent - answered for (_, answered), (sent, _) in pairwise(fetches)]
    assert len(gaps) >= N_FETCHES - 1
    assert min(gaps) >= PAUSE_S


async def _fetches(address: str, topic: str) -> list[tuple[float, float]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=address, fetch_max_wait_ms=1)
    await consumer.start()
    try:
        fetcher = consumer._fetcher
        fetcher._client = watched = Watched(fetcher._client)
        hand_out_batches(fetcher, frozenset({topic}), pause_s=PAUSE_S)
        consumer.assign([TopicPartition(topic, 0)])
        while len(watched.fetches) < N_FETCHES:
            await consumer.getmany(timeout_ms=50)
    finally:
        await consumer.stop()
    return watched.fetches
