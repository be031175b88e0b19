from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.topics import ALL, INPUTS, TopicNames
from streams.errors import Fatal, Retryable
from streams.settings import Settings
from streams.transport import describe, ensure_topics
from streams.transport.topics import check_partition_counts

NAMES = TopicNames(prefix="shop.")
EVEN = {NAMES.on_broker(topic): 4 for topic in ALL}


def test_topics_are_created_once(bare: Any) -> None:
    expected = {bare.settings.topic_prefix + topic: bare.settings.partitions for topic in ALL}
    assert set(asyncio.run(ensure_topics(bare.settings))) == expected.keys()
    assert asyncio.run(ensure_topics(replace(bare.settings, partitions=5))) == []
    assert expected.items() <= asyncio.run(describe(bare.settings)).items()


def test_no_broker() -> None:
    with pytest.raises(Retryable, match=r"Kafka at 127.0.0.1:1 \(PLAINTEXT\) doesn't answer"):
        asyncio.run(describe(Settings(kafka="127.0.0.1:1")))


def test_even_counts_pass() -> None:
    check_partition_counts(EVEN | {"shop.labels": 1}, NAMES, INPUTS)


def test_uneven_counts_are_named() -> None:
    with pytest.raises(
        Fatal, match=r"but shop\.clicks has 4, shop\.carts has 3, shop\.reviews has 4, shop\.reviews\.scored has 4$"
    ):
        check_partition_counts(EVEN | {"shop.carts": 3}, NAMES, INPUTS)


@pytest.mark.parametrize("counts", [{}, {"shop.clicks": 0}])
def test_a_missing_topic_is_named(counts: dict[str, int]) -> None:
    with pytest.raises(Fatal, match=r"topic shop\.clicks does not exist; create it with `footfall topics create`"):
        check_partition_counts(counts, NAMES, INPUTS)


def test_a_worker_refuses_topics_that_do_not_exist(bare: Any) -> None:
    worker = bare.start()
    assert worker.wait(20) == 1
    name = bare.settings.topic_prefix + "clicks"
    expected = f"footfall: topic {name} does not exist; create it with `footfall topics create`\n"
    assert worker.text() == expected
    assert name not in asyncio.run(describe(bare.settings))


def test_a_worker_refuses_partition_counts_that_differ(bare: Any) -> None:
    asyncio.run(_create(bare.settings, {"clicks": 2, "carts": 3, "reviews": 2, "reviews.scored": 2, "labels": 1}))
    worker = bare.start()
    assert worker.wait(20) == 1
    assert worker.text().startswith("footfall: these topics must have the same number of partitions, but ")
    assert worker.text().count("\n") == 1


async def _create(settings: Settings, counts: dict[str, int]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(settings.topic_prefix + topic, n, 1) for topic, n in counts.items()])
    await admin.close()
