from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from schemas.topics import CLICKS, LABELS
from streams.settings import Settings
from streams.transport.topics import ensure_topics
from tests.streams.audit.shop import N_RUNS, RUN, Shop


@pytest.fixture
def shop(settings: Settings, kafka: str) -> Iterator[Shop]:
    """Five runs of clicks and of labels on partition 0, all done and committed, and 30 clicks that nobody read yet."""
    name = uuid4().hex[:8]
    settings = replace(
        settings, kafka=kafka, group=f"group-{name}", text_group=f"text-{name}", topic_prefix=f"{name}.", partitions=2
    )
    asyncio.run(ensure_topics(settings))
    shop = Shop(settings)
    for topic in (CLICKS, LABELS):
        shop.produce(topic, N_RUNS * RUN)
        for run in range(N_RUNS):
            shop.work(topic, run * RUN)
        shop.commit(topic, N_RUNS * RUN)
    shop.produce(CLICKS, 30)
    yield shop
    shop.writer.close()
