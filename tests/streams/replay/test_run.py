"""Replays into a broker: everything arrives, in order, where Kafka's own partitioner would put it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.structs import ConsumerRecord
from click.testing import CliRunner

from schemas.topics import TopicNames
from streams.commands import main
from streams.errors import Fatal, Invalid, Retryable
from streams.replay.chunk import Chunk
from streams.replay.producer import BATCH_BYTES, EventProducer
from streams.replay.run import replay
from streams.replay.sources import SOURCES
from streams.settings import Settings
from streams.transport.topics import describe, ensure_topics

PARTITIONS = 3
READ_TIMEOUT_S = 30


@pytest.fixture
def settings(kafka: str) -> Settings:
    """Settings with topics of the test's own."""
    settings = Settings(kafka=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=PARTITIONS)
    asyncio.run(ensure_topics(settings))
    return settings


def chunk(first: int, n: int, *, size: int = 20, topic: str = "clicks") -> Chunk:
    numbers = range(first, first + n)
    values = [b"%0*d" % (size, number) for number in numbers]
    keys = [b"user-%d" % (number % 10) for number in numbers]
    return Chunk(topic=[topic] * n, key=keys, value=values, ts=np.array(numbers, dtype=np.int64))


async def records(settings: Settings, topic: str) -> AsyncIterator[ConsumerRecord]:
    """All that is on a topic, partition after partition."""
    name = TopicNames(prefix=settings.topic_prefix).on_broker(topic)
    async with AIOKafkaConsumer(bootstrap_servers=settings.kafka, max_partition_fetch_bytes=1 << 22) as consumer:
        for number in range(PARTITIONS):
            partition = TopicPartition(name, number)
            end = (await consumer.end_offsets([partition]))[partition]
            consumer.assign([partition])
            await consumer.seek_to_beginning(partition)
            while await consumer.position(partition) < end:
                for record in (await consumer.getmany(partition, timeout_ms=500)).get(partition, []):
                    yield record


def on_topic(settings: Settings, topic: str) -> list[ConsumerRecord]:
    async def read() -> list[ConsumerRecord]:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return [record async for record in records(settings, topic)]

    return asyncio.run(read())


def test_all_events_arrive_in_order_in_the_partition_of_their_key(settings: Settings) -> None:
    positions: list[int] = []
    events = SOURCES["online-retail"].events()
    report = asyncio.run(replay(events, settings, limit=20_000, progress=positions.append))

    sent = [
        row for part in list(SOURCES["online-retail"].events())[:5] for row in zip(part.key, part.value, strict=True)
    ]
    found = on_topic(settings, "carts")
    assert (report.events, report.by_topic) == (20_000, {"carts": 20_000})
    assert positions == sorted(positions)
    assert positions[-1] == 20_000
    for number in range(PARTITIONS):
        here = [(record.key, record.value) for record in found if record.partition == number]
        every = list(range(PARTITIONS))
        assert here == [row for row in sent if DefaultPartitioner()(row[0], every, every) == number]
    assert {record.timestamp_type for record in found} <= {0, -1}


def test_an_interrupted_replay_goes_on_without_a_gap(settings: Settings) -> None:
    position = 0

    def progressed(to: int) -> None:
        nonlocal position
        position = to

    def endless() -> Iterator[Chunk]:
        return (chunk(first, 100) for first in range(0, 10**9, 100))

    async def interrupted() -> None:
        sending = asyncio.create_task(replay(endless(), settings, speed=0.5, progress=progressed))
        while position < 1_000:
            await asyncio.sleep(0.01)
        sending.cancel()
        await sending

    # Event times are a millisecond apart: at speed 0.5 that is 500 events a second.
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    stopped_at = position
    asyncio.run(replay(endless(), settings, start=stopped_at, limit=500, progress=progressed))
    assert position == stopped_at + 500
    found = {int(record.value) for record in on_topic(settings, "clicks")}
    assert found == set(range(stopped_at + 500))


def test_a_source_that_fails_leaves_what_was_sent_before(settings: Settings) -> None:
    positions: list[int] = []

    def failing() -> Iterator[Chunk]:
        yield chunk(0, 100)
        raise Invalid("line 101")

    with pytest.raises(Invalid, match="line 101"):
        asyncio.run(replay(failing(), settings, progress=positions.append))
    assert positions[-1] == len(on_topic(settings, "clicks")) == 100


def test_events_larger_than_a_batch_are_sent_too(settings: Settings) -> None:
    asyncio.run(replay(iter([chunk(0, 5, size=BATCH_BYTES + 1), chunk(5, 20)]), settings))
    assert sorted(int(record.value[-9:]) for record in on_topic(settings, "clicks")) == list(range(25))


def test_no_events_are_no_error(settings: Settings) -> None:
    report = asyncio.run(replay(iter([]), settings))
    assert (report.events, report.by_topic) == (0, {})


def test_a_broker_that_is_not_there_is_told() -> None:
    with pytest.raises(Retryable, match=r"127\.0\.0\.1:1"):
        asyncio.run(replay(iter([chunk(0, 1)]), Settings(kafka="127.0.0.1:1")))


def test_the_producer_counts_what_is_acknowledged(settings: Settings) -> None:
    async def send() -> list[int]:
        async with EventProducer(settings) as producer:
            part = chunk(0, 10)
            await producer.send(part.topic, part.key, part.value)
            sent = producer.acknowledged
            await producer.flush()
            return [sent, producer.acknowledged]

    assert asyncio.run(send()) == [0, 10]


def test_a_topic_that_is_not_there_is_told_and_not_made(kafka: str) -> None:
    settings = Settings(kafka=kafka, topic_prefix="missing.")
    with pytest.raises(Fatal, match="footfall topics create"):
        asyncio.run(replay(iter([chunk(0, 1)]), settings))
    assert "missing.clicks" not in asyncio.run(describe(settings))


def test_the_command_goes_on_from_its_checkpoint(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    arguments = ["replay", "online-retail", "--limit", "3000", "--checkpoint", str(tmp_path / "checkpoint")]
    for _ in range(2):
        result = CliRunner().invoke(main, arguments)
        assert (result.exit_code, result.stdout.partition(" in ")[0]) == (0, "3,000 events")
    ids = [json.loads(record.value)["event_id"] for record in on_topic(settings, "carts")]
    assert len(ids) == len(set(ids)) == 6_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "not a source"),
        (["taobao"], "--path"),
        (["online-retail", "--raw"], "--raw goes with jsonl"),
        (["online-retail", "--from", "1", "--checkpoint", "file"], "exclude each other"),
        (["online-retail", "--speed", "0"], "neither max nor a number above 0"),
        (["online-retail", "--speed", "nan"], "neither max nor a number above 0"),
    ],
)
def test_what_cannot_be_replayed_is_told(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["replay", *arguments])
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_sources_are_listed_with_their_citations() -> None:
    output = CliRunner().invoke(main, ["replay", "--list"]).output
    for source in SOURCES.values():
        assert source.name in output
        assert source.citation in output
