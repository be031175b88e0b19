"""Letters that are kept without identifiers are sent again as their records were."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer

from schemas.topics import CLICKS, DEAD_LETTERS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.dead_letters import Selection, replay
from streams.settings import Secret, Settings
from streams.worker.delivery import Delivery
from tests.streams.privacy.town import WHO
from tests.streams.worker.on_topic import messages
from tests.streams.worker.owner import Owner, partition
from tests.streams.worker.runs import broken, run_of

KEY = b"0123456789abcdef"
BROKEN = b'{"user_id": "erika.mustermann@example.org", "type": "view"}'


def test_a_letter_without_identifiers_is_sent_as_its_record_is(
    on_broker: Settings, reader: Reader, writer: Writer, delivery: Delivery, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(on_broker, pseudonym_key=Secret(KEY.decode()))

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=settings.kafka) as producer:
            await producer.send(settings.topic_prefix + CLICKS, BROKEN, WHO.encode(), partition=0)

    asyncio.run(send())
    owner = Owner(settings, reader, writer, delivery=delivery)
    owner.take(partition(0))
    owner.work(run_of(CLICKS, [broken(0, BROKEN, WHO.encode()), broken(1, BROKEN, WHO.encode())]))
    kept = reader.query("SELECT key, value FROM dead_letters")
    assert len(kept) == 2  # of the second there is no record
    assert not any(WHO in f"{letter}" for letter in kept)
    assert not any(WHO.encode() in key + value for key, value in messages(settings, DEAD_LETTERS))

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(replay(settings, Selection(replayed=False))) == 1
    assert "1 letters stay" in caplog.text
    assert messages(settings, CLICKS) == [(WHO.encode(), BROKEN)] * 2
    assert reader.query("SELECT offset FROM dead_letters FINAL WHERE replayed_ms > 0") == [(0,)]
