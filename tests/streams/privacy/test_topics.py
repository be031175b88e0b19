"""Payloads about somebody who was erased are compacted away by a real cleaner."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local.stack import LocalStack
from schemas.deadletters import DeadLetter
from schemas.topic_configs import topic_configs
from schemas.topics import ABOUT_PEOPLE, ALERTS_FRAUD, DEAD_LETTERS, TopicNames
from streams.privacy.people import Person
from streams.privacy.topics import count, find
from streams.privacy.topics import replace as replace_records
from streams.settings import Settings
from streams.transport.topics import ensure_topics
from streams.worker.delivery import Delivery, Message
from tests.streams.privacy.town import WHO, told
from tests.waiting import wait_until

CONFIGS = topic_configs(input_days=0, output_days=0)
CLEANED_S = 90.0
SOON = {"segment.ms": "100", "max.compaction.lag.ms": "1", "min.cleanable.dirty.ratio": "0.01"}
"""What takes a day where the topics are created with their own settings."""


@pytest.fixture(scope="module")
def on_kafka(tmp_path_factory: pytest.TempPathFactory, kafka_home: Path) -> Iterator[Settings]:
    stack = LocalStack(tmp_path_factory.mktemp("kafka"), kafka_home=kafka_home, members=("broker",))
    try:
        yield Settings(kafka=stack.up().kafka, topic_prefix="shop.", partitions=2)
    finally:
        stack.down()


async def configure(settings: Settings, topic: str, changes: dict[str, str]) -> None:
    name = TopicNames(prefix=settings.topic_prefix).on_broker(topic)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        resource = ConfigResource(ConfigResourceType.TOPIC, name, configs=CONFIGS[topic] | changes)
        await admin.alter_configs([resource])
    finally:
        await admin.close()


async def deliver(settings: Settings, messages: list[Message]) -> None:
    delivery = Delivery(settings)
    await delivery.start()
    await delivery.sent(messages)
    await delivery.stop()


def messages(settings: Settings, who: str, n: int) -> list[Message]:
    names = TopicNames(prefix=settings.topic_prefix)
    letter = DeadLetter(
        topic="carts", partition=0, offset=n, record_ts=1, reason="no", key=who.encode(), value=b"? " + who.encode()
    )
    alert = json.dumps({"alert_id": f"alert-{n}", "user_id": who}).encode()
    return [
        Message(names.on_broker(ALERTS_FRAUD), f"alert-{n}".encode(), alert, beside=who.encode()),
        Message(names.on_broker(DEAD_LETTERS), letter.letter_key, letter.to_json(), beside=letter.key),
    ]


@pytest.mark.timeout(240)
def test_what_was_told_of_her_is_cleaned_away_and_the_rest_is_not(on_kafka: Settings) -> None:
    asyncio.run(ensure_topics(on_kafka))
    for topic in (ALERTS_FRAUD, DEAD_LETTERS):
        asyncio.run(configure(on_kafka, topic, SOON))
    people = [Person(names=(WHO,), subject="")]
    others = [message for n in range(5) for message in messages(on_kafka, f"neighbour-{n}", n)]
    asyncio.run(deliver(on_kafka, [*others, *messages(on_kafka, WHO, 7), *messages(on_kafka, WHO, 8)]))

    found = asyncio.run(find(on_kafka, people))
    assert count(found[0]) == dict.fromkeys(ABOUT_PEOPLE, 0) | {ALERTS_FRAUD: 2, DEAD_LETTERS: 2}
    asyncio.run(replace_records(on_kafka, found))
    assert count(asyncio.run(find(on_kafka, people))[0]) == dict.fromkeys(ABOUT_PEOPLE, 0)

    def is_cleaned() -> bool:
        asyncio.run(deliver(on_kafka, others))  # a segment is closed by what comes after it
        return not any(WHO.encode() in (value or b"") for _, _, value in told(on_kafka))

    wait_until(is_cleaned, CLEANED_S, "the broker has removed what was told of her")
    left = {key for _, key, value in told(on_kafka) if value is not None}
    assert left == {message.key for message in others}


def test_topics_are_created_with_what_cleans_them(on_kafka: Settings) -> None:
    asyncio.run(ensure_topics(replace(on_kafka, topic_prefix="new.")))

    async def described() -> dict[str, str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=on_kafka.kafka)
        await admin.start()
        try:
            (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "new.reviews.scored")])
        finally:
            await admin.close()
        ((*_, entries),) = answer.resources
        return {entry[0]: entry[1] for entry in entries}

    found = asyncio.run(described())
    assert {name: found[name] for name in CONFIGS["reviews.scored"]} == CONFIGS["reviews.scored"]
