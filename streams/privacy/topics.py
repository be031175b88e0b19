"""A person's records on the topics that Footfall writes: found, and each followed by one of its key without a value.

A topic that is compacted then loses the record, and the one in its place, too: see ``schemas.topic_configs`` for when.
Topics that Footfall reads are the shop's; their records are dropped by whoever reads them, for the tombstone is there.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka import ConsumerRecord

from schemas.ledger import Span
from schemas.topics import ABOUT_PEOPLE, DEAD_LETTERS, TopicNames
from streams.audit.broker import Broker, Pair, connected
from streams.privacy.letters import people_of
from streams.privacy.people import Person
from streams.settings import Settings
from streams.worker.delivery import Delivery, Message


@dataclass
class Told:
    """What one partition tells of one person."""

    keys: dict[bytes | None, int] = field(default_factory=dict)
    """How many records there are of each key, but of those that a record without a value has come after."""

    @property
    def n_records(self) -> int:
        return sum(self.keys.values())


async def find(settings: Settings, people: Sequence[Person]) -> list[dict[Pair, Told]]:
    """Of each of the people, by topic and partition. Reads the topics from end to end.

    Raises ``Retryable`` where Kafka doesn't answer.
    """
    names = {name: place for place, person in enumerate(people) for name in person.names}
    found: list[dict[Pair, Told]] = [{} for _ in people]
    async with connected(settings) as broker:
        for pair, log in (await broker.ends(ABOUT_PEOPLE)).items():
            for place, told in (await _told(broker, pair, log, names)).items():
                if told.keys:
                    found[place][pair] = told
    return found


def count(told: Mapping[Pair, Told]) -> dict[str, int]:
    """Records by topic."""
    return {topic: sum(one.n_records for (name, _), one in told.items() if name == topic) for topic in ABOUT_PEOPLE}


async def replace(settings: Settings, found: Sequence[Mapping[Pair, Told]]) -> None:
    """Sends a record without a value for each key. Returns once the broker has them; raises ``Fatal`` where it takes
    none."""
    topics = TopicNames(prefix=settings.topic_prefix)
    messages = [
        Message(topics.on_broker(topic), key, None, partition)
        for of_one in found
        for (topic, partition), told in of_one.items()
        for key in told.keys
        if key is not None
    ]
    if messages:
        delivery = Delivery(settings)
        await delivery.start()
        try:
            await delivery.sent(messages)
        finally:
            await delivery.stop()


async def _told(broker: Broker, pair: Pair, log: Span, names: Mapping[str, int]) -> dict[int, Told]:
    found: dict[int, Told] = {}
    async for records in broker.records(pair, Span(log.first, log.last - 1)):
        for record in records:
            if record.value is None:
                for told in found.values():
                    told.keys.pop(record.key, None)
            for name in _people(pair[0], record) & names.keys():
                keys = found.setdefault(names[name], Told()).keys
                keys[record.key] = keys.get(record.key, 0) + 1
    return found


def _people(topic: str, record: ConsumerRecord) -> set[str]:
    """Who a record is about."""
    if record.value is None:
        return set()
    try:
        told: dict[str, Any] = orjson.loads(record.value)
        if topic == DEAD_LETTERS:
            return people_of(base64.b64decode(told["key"]), base64.b64decode(told["value"]))
        return {told["user_id"]}
    except (ValueError, KeyError, TypeError):
        return set()  # nothing that Footfall wrote
