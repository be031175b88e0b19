"""Partitions are added to the topics while the shop is in business, on Apache Kafka: Tansu can't."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from deploy.local.stack import LocalStack
from schemas.topics import INPUTS, TopicNames
from streams.rebuild.swap import OLD
from streams.transport.topics import ensure_topics
from tests.streams.rebuild.shop import Shop


@pytest.fixture
def apache(quiet: Shop, tmp_path: Path, kafka_home: Path) -> Iterator[Shop]:
    """The quiet shop on Apache Kafka."""
    stack = LocalStack(tmp_path / "apache", kafka_home=kafka_home, members=("broker",))
    shop = Shop(replace(quiet.settings, kafka=stack.up().kafka, session_timeout_s=6.0), tmp_path)
    yield shop
    shop.reader.close()
    stack.down()


def add_partitions(shop: Shop, n: int) -> None:
    names = map(TopicNames(prefix=shop.settings.topic_prefix).on_broker, INPUTS)

    async def add() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=shop.settings.kafka)
        await admin.start()
        await admin.create_partitions({name: NewPartitions(n) for name in names})
        await admin.close()

    asyncio.run(add())


def test_shoppers_get_back_what_they_had_in_another_partition(apache: Shop) -> None:
    asyncio.run(ensure_topics(apache.settings))
    apache.produce(1_000)
    apache.work()
    add_partitions(apache, 3)
    apache.produce(1_000)
    apache.work()
    split = apache.value(
        "SELECT count() FROM (SELECT id FROM profiles FINAL WHERE kind = 0 GROUP BY id HAVING count() > 1)"
    )
    assert split > 0
    report = apache.rebuild()
    assert (report.partitions, report.events) == (3, 2_000)
    assert 0 < report.moved < 1_000
    assert apache.value("SELECT count() = uniqExact(id) FROM profiles FINAL WHERE kind = 0")
    assert apache.value("SELECT sum(total_events + total_scored_reviews) FROM profiles FINAL WHERE kind = 0") == 2_000
    apache.produce(500)
    apache.work()
    rows = "(SELECT count() FROM events FINAL) + (SELECT count() FROM scored_reviews FINAL)"
    assert apache.value(f"SELECT {rows}") == 2_500
    assert apache.rebuild().events == 2_500
    assert apache.differences(OLD) == 0
