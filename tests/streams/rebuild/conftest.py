from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from streams.settings import Secret, Settings
from streams.transport.topics import ensure_topics
from tests.streams.rebuild.shop import Shop

N_EVENTS = 2_000


@pytest.fixture
def quiet(settings: Settings, kafka: str, tmp_path: Path) -> Iterator[Shop]:
    """A shop of two partitions in which nothing has happened."""
    name = uuid4().hex[:8]
    settings = replace(
        settings,
        kafka=kafka,
        group=f"group-{name}",
        topic_prefix=f"{name}.",
        partitions=2,
        session_timeout_s=2.0,
        flush_interval_s=0.1,
        model_key=Secret("a key of the tests"),
    )
    asyncio.run(ensure_topics(settings))
    shop = Shop(settings, tmp_path)
    yield shop
    shop.reader.close()


@pytest.fixture
def shop(quiet: Shop) -> Shop:
    """The same after 2,000 events, all done by a worker that has left."""
    quiet.produce(N_EVENTS)
    quiet.work()
    return quiet
