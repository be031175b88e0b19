"""Connections to the test's database and its broker; a model that isn't the first of its kind; the public data sets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from river import compose, optim

from models.catalogue import FRAUD, MODELS, ModelSpec
from models.pipelines import FACTORIES
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Secret, Settings
from streams.transport.topics import ensure_topics
from streams.worker.delivery import Delivery

DEADLINE_S = 20.0
DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="session")
def data_file() -> Callable[[str], Path]:
    """The path of a data set's file; the test is skipped where it isn't there."""

    def find(name: str) -> Path:
        if not (DATA / name).exists():
            pytest.skip(f"{name} is not on this machine")
        return DATA / name

    return find


@pytest.fixture
def writer(settings: Settings) -> Iterator[Writer]:
    writer = Writer(settings)
    yield writer
    writer.close()


@pytest.fixture
def reader(settings: Settings) -> Iterator[Reader]:
    reader = Reader(settings)
    yield reader
    reader.close()


@pytest.fixture
def on_broker(settings: Settings, kafka: str) -> Settings:
    """The settings with topics of the test's own."""
    return with_topics(settings, kafka)


def with_topics(settings: Settings, kafka: str) -> Settings:
    """The settings with topics of their own."""
    name = uuid4().hex[:8]
    settings = replace(
        settings,
        kafka=kafka,
        group=f"group-{name}",
        text_group=f"group-{name}-text",
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
def fast(monkeypatch: pytest.MonkeyPatch) -> ModelSpec:
    """A second model for fraud in the catalogue, which learns faster."""

    def factory() -> compose.Pipeline:
        pipeline = FACTORIES["fraud"]()
        pipeline[-1].optimizer = optim.SGD(0.1)
        return pipeline

    spec = replace(FRAUD, name="fraud-fast")
    monkeypatch.setitem(MODELS, spec.name, spec)
    monkeypatch.setitem(FACTORIES, spec.name, factory)
    return spec
