"""What Kafka knows: where logs begin and end, what the group committed, and whether there are records somewhere."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.ledger import Span
from schemas.topics import INPUTS, LOGS, REVIEW_TEXTS, TopicNames, topic_of
from streams.errors import Retryable
from streams.settings import Settings
from streams.transport.security import aiokafka_auth, bootstrap_servers
from streams.transport.topics import describe

Pair = tuple[str, int]

REQUEST_TIMEOUT_MS = 10_000
FETCH_TIMEOUT_MS = 500
SILENCE_TIMEOUT_S = 30.0
"""There are records in a span that is read, or beyond it, so a broker that is well sends something."""


class Broker:
    """Asks with topics in the contract's names, and logs of the ledger; reads without joining a group. Made by
    :func:`connected`."""

    def __init__(
        self, settings: Settings, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, counts: Mapping[str, int]
    ) -> None:
        self._counts = counts  # of partitions, by topic
        self._names = TopicNames(prefix=settings.topic_prefix)
        self._groups = {log: settings.text_group if log == REVIEW_TEXTS else settings.group for log in LOGS}
        self._admin = admin
        self._consumer = consumer

    async def committed(self, logs: Sequence[str] = INPUTS) -> dict[Pair, int]:
        """Its readers' committed offset by log and partition, where they have one.

        Raises ``Retryable`` where the group's coordinator has just begun, and doesn't know yet.
        """
        found: dict[Pair, int] = {}
        for group in sorted({self._groups[log] for log in logs}):
            partitions = self._partitions([log for log in logs if self._groups[log] == group])
            # Named one by one, for not every broker answers as it should where all are wanted.
            offsets = await self._admin.list_consumer_group_offsets(group, partitions=list(partitions.values()))
            if not offsets.keys() >= set(partitions.values()):
                raise Retryable(f"Kafka doesn't tell yet what group {group} has committed")
            found |= {pair: offsets[at].offset for pair, at in partitions.items() if offsets[at].offset >= 0}
        return found

    async def ends(self, logs: Sequence[str] = INPUTS) -> dict[Pair, Span]:
        """The first offset of each log, and the one after its last. Topics that don't exist are left out."""
        partitions = self._partitions(logs)
        wanted = sorted(set(partitions.values()))
        starts = await self._consumer.beginning_offsets(wanted)
        ends = await self._consumer.end_offsets(wanted)
        seen = await self._high_watermarks(ends)
        return {pair: Span(starts[at], max(ends[at], seen.get(at) or 0)) for pair, at in partitions.items()}

    async def count(self, pair: Pair, span: Span, log: Span) -> int:
        """Records that the broker holds at the offsets of ``span``; ``log`` is the partition's of :meth:`ends`.

        Raises ``Retryable`` where the broker stops answering.
        """
        first, last = max(span.first, log.first), min(span.last, log.last - 1)
        return sum([len(records) async for records in self.records(pair, Span(first, last))])

    async def records(self, pair: Pair, span: Span) -> AsyncIterator[list[ConsumerRecord]]:
        """Those at the offsets of ``span``, none beyond the log's end, in order. Raises as :meth:`count`."""
        first, last = span
        if first > last:
            return
        at = self._at(pair)
        self._consumer.assign([at])
        self._consumer.seek(at, first)
        deadline = time.monotonic() + SILENCE_TIMEOUT_S
        while await self._consumer.position(at) <= last:
            fetched = (await self._consumer.getmany(at, timeout_ms=FETCH_TIMEOUT_MS)).get(at, [])
            yield [record for record in fetched if record.offset <= last]
            if fetched:
                deadline = time.monotonic() + SILENCE_TIMEOUT_S
            elif time.monotonic() > deadline:
                raise Retryable(f"Kafka at {at.topic}, partition {at.partition}, sends nothing from offset {first} on")

    async def _high_watermarks(self, ends: dict[TopicPartition, int]) -> dict[TopicPartition, int | None]:
        """As answers to fetches tell them; Tansu lists the start of the last batch as the end."""
        self._consumer.assign(list(ends))
        for at, end in ends.items():
            self._consumer.seek(at, end)
        deadline = time.monotonic() + REQUEST_TIMEOUT_MS / 1000
        while any(self._consumer.highwater(at) is None for at in ends) and time.monotonic() < deadline:
            await self._consumer.getmany(*ends, timeout_ms=FETCH_TIMEOUT_MS)
        return {at: self._consumer.highwater(at) for at in ends}

    def _partitions(self, logs: Sequence[str]) -> dict[Pair, TopicPartition]:
        return {
            (log, partition): self._at((log, partition))
            for log in logs
            for partition in range(self._counts.get(self._names.on_broker(topic_of(log)), 0))
        }

    def _at(self, pair: Pair) -> TopicPartition:
        return TopicPartition(self._names.on_broker(topic_of(pair[0])), pair[1])


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Broker]:
    """Raises ``Retryable`` where the broker can't be reached or stops answering."""
    common = {
        "bootstrap_servers": bootstrap_servers(settings),
        "client_id": "footfall-audit",
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        **aiokafka_auth(settings),
    }
    admin = AIOKafkaAdminClient(**common)
    consumer = AIOKafkaConsumer(**common, enable_auto_commit=False)
    try:
        await admin.start()
        await consumer.start()
        # Of the admin API: a consumer knows the topics it is assigned, and others on some brokers only.
        yield Broker(settings, admin, consumer, await describe(settings))
    except (KafkaError, OSError, TimeoutError) as error:
        raise Retryable(f"Kafka at {settings.kafka} doesn't answer: {error or type(error).__name__}") from None
    finally:
        await consumer.stop()
        await admin.close()


async def count_all(
    broker: Broker, wanted: Iterable[tuple[Pair, Span]], logs: dict[Pair, Span]
) -> dict[tuple[Pair, Span], int]:
    """:meth:`Broker.count` of each; partitions that the broker doesn't have are left out."""
    return {(pair, span): await broker.count(pair, span, logs[pair]) for pair, span in wanted if pair in logs}
