"""Both brokers serve aiokafka: topics, records, groups, and what each of them is expected to keep."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.kafka_probe import names_a_broker
from deploy.local.ports import HOST
from deploy.local.stack import Endpoints, LocalStack
from tests.apache_kafka import IS_THERE, KAFKA_HOME, WHY_NOT

needs_kafka = pytest.mark.skipif(not IS_THERE, reason=WHY_NOT)
TIMEOUT_S = 40


@pytest.fixture(params=[None, pytest.param(KAFKA_HOME, marks=needs_kafka)], ids=["tansu", "apache-kafka"])
def broker(stack_folder: Path, request: pytest.FixtureRequest) -> Iterator[tuple[LocalStack, Endpoints]]:
    stack = LocalStack(stack_folder, request.param, members=("broker",))
    yield stack, stack.up()


def session_timeout_ms(stack: LocalStack) -> int:
    """The least that the broker takes: Tansu makes a group wait for half of it."""
    return 1000 if stack.status()[0].kind == "tansu" else 6000


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), TIMEOUT_S))


async def produce(address: str, first: int, count: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address) as producer:
        for number in range(first, first + count):
            await producer.send_and_wait("clicks", str(number).encode(), key=str(number).encode())


async def consume(address: str, count: int, session_ms: int) -> set[int]:
    """Read on as the group `readers` until `count` records came, and commit."""
    consumer = AIOKafkaConsumer(
        "clicks",
        bootstrap_servers=address,
        group_id="readers",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=session_ms // 4,
    )
    seen: set[int] = set()
    async with consumer:
        while len(seen) < count:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                seen |= {int(record.value) for record in records}
        await consumer.commit()
    return seen


async def create_topic(address: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic("clicks", num_partitions=4, replication_factor=1)])
    finally:
        await admin.close()


def test_records_go_through_a_group(broker: tuple[LocalStack, Endpoints]) -> None:
    stack, endpoints = broker
    session_ms = session_timeout_ms(stack)

    async def work() -> None:
        await create_topic(endpoints.kafka)
        await produce(endpoints.kafka, 0, 50)
        assert await consume(endpoints.kafka, 50, session_ms) == set(range(50))
        await produce(endpoints.kafka, 50, 50)
        assert await consume(endpoints.kafka, 50, session_ms) == set(range(50, 100))

    run(work)


def test_a_restart_keeps_the_address(broker: tuple[LocalStack, Endpoints]) -> None:
    stack, endpoints = broker
    durable = stack.status()[0].kind == "apache-kafka"
    session_ms = session_timeout_ms(stack)

    async def before() -> None:
        await create_topic(endpoints.kafka)
        await produce(endpoints.kafka, 0, 20)
        assert await consume(endpoints.kafka, 20, session_ms) == set(range(20))
        await produce(endpoints.kafka, 20, 20)

    async def after() -> None:
        if not durable:
            await create_topic(endpoints.kafka)
            await produce(endpoints.kafka, 20, 20)
        # Apache Kafka kept the records and the group's offsets.
        assert await consume(endpoints.kafka, 20, session_ms) == set(range(20, 40))

    run(before)
    member = stack.member("broker")
    killed = member.pid
    member.kill()
    assert stack.status()[0].state == "down"
    assert not names_a_broker(HOST, int(endpoints.kafka.rpartition(":")[2]))
    member.restart()
    assert (stack.status()[0].state, stack.endpoints()) == ("up", endpoints)
    assert member.pid != killed
    run(after)


def test_a_paused_broker_is_silent_until_it_goes_on(broker: tuple[LocalStack, Endpoints]) -> None:
    stack, _ = broker
    member = stack.member("broker")
    member.stop()
    assert stack.status()[0].state == "paused"
    member.cont()
    member.wait_ready(10)
    assert stack.status()[0].state == "up"


def test_the_probe_tells_other_servers_from_brokers() -> None:
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
        with suppress(OSError):
            assert not names_a_broker(HOST, port)
    assert not names_a_broker(HOST, port)
