"""What is on a topic."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.settings import Settings

DEADLINE_S = 20.0


def messages(settings: Settings, topic: str) -> list[tuple[bytes, bytes]]:
    """Keys and values of all records that are on the topic now."""
    return [(one.key, one.value) for one in records(settings, topic)]


def records(settings: Settings, topic: str) -> list[Any]:
    """All that are on the topic now."""

    async def read() -> list[Any]:
        found: list[Any] = []
        async with AIOKafkaConsumer(bootstrap_servers=settings.kafka) as consumer:
            name = settings.topic_prefix + topic
            partitions = [TopicPartition(name, number) for number in range(settings.partitions)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning()
            ends = await consumer.end_offsets(partitions)
            while len(found) < sum(ends.values()):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += records
        return found

    return asyncio.run(asyncio.wait_for(read(), DEADLINE_S))
