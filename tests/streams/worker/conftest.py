from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Secret, Settings
from streams.transport.topics import ensure_topics
from streams.worker.delivery import Delivery
from tests.streams.worker.owner import Owner

DEADLINE_S = 20.0


@pytest.fixture
def owner(settings: Settings, reader: Reader, writer: Writer) -> Callable[..., Owner]:
    """Makes workers on one thread; ``settings=`` others than the test's."""

    def made(**given: Any) -> Owner:
        return Owner(given.pop("settings", settings), reader, writer, **given)

    return made


@pytest.fixture
def on_broker(settings: Settings, kafka: str) -> Settings:
    """The settings with topics of the test's own."""
    name = uuid4().hex[:8]
    settings = replace(
        settings,
        kafka=kafka,
        group=f"group-{name}",
        topic_prefix=f"{name}.",
        partitions=2,
        model_key=Secret("a key of the tests"),
    )
    asyncio.run(ensure_topics(settings))
    return settings


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="loop")
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(DEADLINE_S)
    loop.close()


@pytest.fixture
def delivery(on_broker: Settings, loop: asyncio.AbstractEventLoop) -> Iterator[Delivery]:
    delivery = Delivery(on_broker)
    asyncio.run_coroutine_threadsafe(delivery.start(), loop).result(DEADLINE_S)
    yield delivery
    asyncio.run_coroutine_threadsafe(delivery.stop(), loop).result(DEADLINE_S)


@pytest.fixture
def alone() -> Callable[..., Owner]:
    """Makes owners of an empty partition 0 that ask no table and no broker; given other settings than the defaults."""

    def begun(*, epoch: int = 1, **changes: Any) -> Owner:
        settings = Settings(**changes)
        owner = Owner(settings, Reader(settings), Writer(settings))
        owner.begin(epoch=epoch)
        return owner

    return begun


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
