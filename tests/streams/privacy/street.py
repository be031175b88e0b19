"""A scoring and a text worker's pipelines, as the transport calls them, fed with what is on a real broker."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from models.text.engine import TextEngine
from schemas.topics import INPUTS, REVIEW_TEXTS, REVIEWS, TopicNames
from streams.clickhouse.reader import Reader
from streams.settings import Settings
from streams.text.metrics import Metrics
from streams.text.pipeline import TextPipeline
from streams.worker.pipeline import Pipeline
from tests.streams.worker.runs import run_of

DEADLINE_S = 120.0
POLL_S = 0.05


class Street:
    """Both own all partitions."""

    def __init__(self, settings: Settings, engine: TextEngine, reader: Reader) -> None:
        self.settings = settings
        self.failures: list[BaseException] = []
        self.scoring = Pipeline(settings, worker="scoring")
        self.text = TextPipeline(settings, worker="text", engine=engine, metrics=Metrics(engine))
        self.scoring.fail = self.text.fail = self._fail
        self._reader = reader
        self._names = TopicNames(prefix=settings.topic_prefix)
        self._fed: dict[tuple[str, int], int] = defaultdict(int)
        self._due: Counter[str] = Counter()

    async def open(self) -> None:
        partitions = range(self.settings.partitions)
        await self.scoring.on_assigned({(topic, number) for topic in INPUTS for number in partitions})
        await self.text.on_assigned({(REVIEWS, number) for number in partitions})

    async def close(self) -> None:
        await self.text.on_stop()
        await self.scoring.on_stop()

    async def feed(self) -> None:
        """What is on the topics and wasn't fed, until all of it is in the ledger; what the text worker reads, too."""
        await self._feed()
        await self._until_done()
        await self._feed()
        await self._until_done()

    async def _feed(self) -> None:
        async with AIOKafkaConsumer(bootstrap_servers=self.settings.kafka) as consumer:
            for topic in INPUTS:
                for number in range(self.settings.partitions):
                    at = TopicPartition(self._names.on_broker(topic), number)
                    records = await _records(consumer, at, self._fed[topic, number])
                    if records:
                        self._fed[topic, number] = records[-1].offset + 1
                        await self._give(topic, number, records)

    async def _give(self, topic: str, number: int, records: list[Any]) -> None:
        self._due[topic] += len(records)
        await self.scoring.on_run(run_of(topic, records, partition=number))
        if topic == REVIEWS:
            self._due[REVIEW_TEXTS] += len(records)
            await self.text.on_run(run_of(topic, records, partition=number))

    async def _until_done(self) -> None:
        """Until no ledger's end is before what was fed."""
        await self.until(lambda: not self.failures and self._behind() == [])

    def _behind(self) -> list[tuple[str, int]]:
        ends = {
            (topic, partition): last + 1
            for topic, partition, last in self._reader.query(
                "SELECT topic, partition, max(last) FROM ledger GROUP BY topic, partition"
            )
        }
        wanted = dict(self._fed) | {
            (REVIEW_TEXTS, number): end for (t, number), end in self._fed.items() if t == REVIEWS
        }
        return [pair for pair, end in wanted.items() if ends.get(pair, 0) < end]

    async def until(self, true: Callable[[], Any]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not await asyncio.to_thread(true):
                assert not self.failures, self.failures
                await asyncio.sleep(POLL_S)

    async def _fail(self, error: BaseException) -> None:
        self.failures.append(error)


@asynccontextmanager
async def street(settings: Settings, engine: TextEngine, reader: Reader) -> AsyncIterator[Street]:
    """An open one, which leaves properly at the end."""
    made = Street(settings, engine, reader)
    try:
        await made.open()
        yield made
        await made.close()
    finally:
        await made.text.on_failure()
        await made.scoring.on_failure()
    assert made.failures == []


async def _records(consumer: AIOKafkaConsumer, at: TopicPartition, since: int) -> list[Any]:
    consumer.assign([at])
    end = (await consumer.end_offsets([at]))[at]
    consumer.seek(at, since)
    found: list[Any] = []
    while await consumer.position(at) < end:
        found += (await consumer.getmany(at, timeout_ms=500)).get(at, [])
    return found
