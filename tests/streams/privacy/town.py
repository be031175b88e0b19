"""A town of shoppers, one of whom is to be erased, and all that is kept of them as text."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.tables import TABLES
from schemas.topics import ABOUT_PEOPLE, CARTS, CLICKS, DEAD_LETTERS, LABELS, REVIEWS, TopicNames
from streams.clickhouse.reader import Reader
from streams.settings import Settings

T0 = 1_700_000_000_000
DEADLINE_S = 60.0
WHO = "erika.mustermann@example.org"
CARD, IP, DEVICE, ORDER = "4111-erika-card", "203.0.113.77", "device-of-erika", "order-of-erika"
SESSION = "session-of-erika"
SHARED_DEVICE = "living-room"
WORDS = "Erika finds the boots wonderful, but the laces tear"
TRACES = (WHO, "erika", CARD, IP, DEVICE, ORDER, SESSION, WORDS)
"""Of whatever kind, in lower case or upper."""

_TOPICS = {"view": CLICKS, "purchase": CARTS, "cart_add": CARTS, "review": REVIEWS, "fraud_label": LABELS}


@dataclass(kw_only=True)
class Sent:
    topic: str
    key: bytes
    value: bytes


@dataclass
class Town:
    """What its shoppers do is drawn; what the one does is always the same."""

    n_users: int = 12
    seed: int = 3
    _events: int = field(default=0, init=False)

    def acts(self, n: int) -> list[Sent]:
        """Of the neighbours."""
        pick = random.Random(self.seed + self._events)  # noqa: S311 - not for secrecy
        made = []
        for _ in range(n):
            who = f"neighbour-{pick.randrange(self.n_users)}"
            kind = pick.choice(["view", "view", "purchase", "cart_add", "review"])
            fields = {
                "device": pick.choice([SHARED_DEVICE, f"device-{who}"]),
                "card": f"card-{who}",
                "ip": f"10.0.0.{pick.randrange(5)}",
                "order_id": f"order-{self._events}",
                "text": f"As it should be, says number {self._events}.",
            }
            made.append(self._act(kind, who, **fields))
        return made

    def acts_of_the_one(self) -> list[Sent]:
        """All that she does: with what she has alone, and with what others use too."""
        own = {"card": CARD, "ip": IP, "device": DEVICE, "order_id": ORDER, "session": SESSION}
        bought = self._act("purchase", WHO, **own)
        event_id = json.loads(bought.value)["event_id"]
        broken = json.dumps({"type": "purchase", "user_id": WHO, "card": CARD, "amount": "a lot"}).encode()
        return [
            self._act("view", WHO, **own),
            self._act("cart_add", WHO, **own),
            bought,
            self._act("purchase", WHO, **own | {"device": SHARED_DEVICE}),
            self._act("review", WHO, **own | {"text": WORDS}),
            self._act("fraud_label", WHO, target=event_id, verdict="fraud"),
            Sent(topic=CARTS, key=WHO.encode(), value=broken),
            Sent(topic=CLICKS, key=WHO.encode(), value=b"not JSON, but of " + WHO.encode()),
        ]

    def _act(self, kind: str, who: str, **fields: Any) -> Sent:
        self._events += 1
        event = {
            "type": kind,
            "event_id": f"event-{self._events}",
            "user_id": who,
            "ts": T0 + self._events * 60_000,
            "item": "boots",
            "price": 30.0,
            "amount": 30.0 + self._events % 7,
            "rating": 4,
        }
        return Sent(topic=_TOPICS[kind], key=who.encode(), value=json.dumps(event | fields).encode())


def send(settings: Settings, acts: Iterable[Sent]) -> None:
    names = TopicNames(prefix=settings.topic_prefix)

    async def produce() -> None:
        async with AIOKafkaProducer(bootstrap_servers=settings.kafka) as producer:
            for act in acts:
                await producer.send(names.on_broker(act.topic), act.value, act.key)

    asyncio.run(produce())


def told(settings: Settings) -> list[tuple[str, bytes, bytes | None]]:
    """Topic, key and value of all records on the topics of ours; of a dead letter its record, too."""
    names = TopicNames(prefix=settings.topic_prefix)

    async def read() -> list[tuple[str, bytes, bytes | None]]:
        found: list[tuple[str, bytes, bytes | None]] = []
        async with AIOKafkaConsumer(bootstrap_servers=settings.kafka) as consumer:
            for topic in ABOUT_PEOPLE:
                at = [TopicPartition(names.on_broker(topic), number) for number in range(settings.partitions)]
                consumer.assign(at)
                await consumer.seek_to_beginning()
                ends = await consumer.end_offsets(at)
                for one in at:
                    while await consumer.position(one) < ends[one]:
                        for records in (await consumer.getmany(one, timeout_ms=500)).values():
                            found += [(topic, record.key, _opened(topic, record.value)) for record in records]
        return found

    return asyncio.run(asyncio.wait_for(read(), DEADLINE_S))


def _opened(topic: str, value: bytes | None) -> bytes | None:
    if value is None or topic != DEAD_LETTERS:
        return value
    letter = json.loads(value)
    return value + base64.b64decode(letter["key"]) + base64.b64decode(letter["value"])


def standing(records: Sequence[tuple[str, bytes, bytes | None]]) -> list[tuple[str, bytes, bytes]]:
    """What compaction leaves of them: of each key the last, unless that is without a value."""
    last = {(topic, key): value for topic, key, value in records}
    return [(topic, key, value) for (topic, key), value in last.items() if value is not None]


def dump(reader: Reader) -> dict[str, str]:
    """All rows of each table in all versions, as text: by table."""
    return {
        table: "\n".join(
            row
            for (row,) in reader.query(
                f"SELECT toValidUTF8(concatWithSeparator('\t', {', '.join(f'toString({name})' for name in columns)}))"
                f" FROM {table}"
            )
        )
        for table, columns in TABLES.items()
    }


def traces(text: str) -> list[str]:
    """What tells of the one in it."""
    return [trace for trace in TRACES if trace.lower() in text.lower()]
