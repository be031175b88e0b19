"""A shop whose events went through a worker, and what its tables then hold."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from deploy.local.process import last_lines
from deploy.local.workers import WorkerProcess
from schemas.topics import CARTS, CLICKS, REVIEWS, REVIEWS_SCORED, TopicNames
from streams.audit.findings import Audit
from streams.audit.run import audit
from streams.clickhouse.reader import Reader
from streams.rebuild.comparison import compare
from streams.rebuild.run import Report, rebuild
from streams.settings import Settings

DEADLINE_S = 60.0
N_USERS, N_ITEMS = 40, 25
START_MS = 1_700_000_000_000

_TYPES = {
    "view": CLICKS,
    "search": CLICKS,
    "cart_add": CARTS,
    "cart_remove": CARTS,
    "purchase": CARTS,
    "return": CARTS,
    "review": REVIEWS,
    "review_scored": REVIEWS_SCORED,
}


class Shop:
    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.reader = Reader(settings)
        self._folder = folder
        self._random = random.Random(7)  # noqa: S311 - not for secrecy
        self._sent = 0
        self._workers = 0

    def produce(self, n: int) -> None:
        """By Kafka's own partitioner."""
        names = TopicNames(prefix=self.settings.topic_prefix)

        async def send() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.settings.kafka) as producer:
                for _ in range(n):
                    event = self._event()
                    topic = names.on_broker(_TYPES[event["type"]])
                    await producer.send(topic, json.dumps(event).encode(), key=event["user_id"].encode())

        asyncio.run(send())

    def work(self) -> None:
        """A worker, until all that was sent is in the ledger."""
        with self.worker() as worker:
            self.wait_durable(worker)

    @contextmanager
    def worker(self) -> Iterator[WorkerProcess]:
        self._workers += 1
        with WorkerProcess(f"worker-{self._workers}", self.settings.to_env(), self._folder) as worker:
            yield worker
            worker.end()

    def wait_durable(self, worker: WorkerProcess) -> None:
        """Until all that was sent is in the ledger."""
        deadline = time.monotonic() + DEADLINE_S
        while self.value("SELECT sum(records) FROM ledger FINAL") < self._sent:
            worker.check()
            assert time.monotonic() < deadline, f"not all of {self._sent} events are done: {last_lines(worker.log)}"
            time.sleep(0.1)

    def rebuild(self, **options: Any) -> Report:
        return rebuild(self.settings, **options)

    def keep(self, name: str) -> None:
        """A copy of the profiles, to compare with."""
        self.query(f"CREATE TABLE {name} AS profiles")
        self.query(f"INSERT INTO {name} SELECT * FROM profiles FINAL")

    def differences(self, before: str, after: str = "profiles") -> int:
        """Rows that aren't in both tables, or aren't the same."""
        found = compare(self.reader, before, after)
        return found.only_before + found.only_after + found.ahead + found.differing

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.reader.query(sql)

    def value(self, sql: str) -> Any:
        return self.query(sql)[0][0]

    def audit(self) -> Audit:
        return asyncio.run(audit(self.settings))

    def _event(self) -> dict[str, Any]:
        pick = self._random
        self._sent += 1
        late_ms = pick.randrange(5 * 86_400_000) if pick.random() < 0.1 else 0
        return {
            "type": pick.choice(list(_TYPES)),
            "event_id": f"event-{self._sent}",
            "user_id": f"user-{pick.randrange(N_USERS)}",
            "ts": START_MS + self._sent * 60_000 - late_ms,
            "item": f"item-{pick.randrange(N_ITEMS)}",
            "price": round(pick.uniform(1, 50), 2),
            "quantity": pick.randrange(1, 4),
            "amount": round(pick.uniform(1, 200), 2),
            "order_id": f"order-{pick.randrange(100)}",
            "query": "boots",
            "rating": pick.randrange(1, 6),
            "sentiment": round(pick.uniform(-1, 1), 3),
            "text": "As it should be.",
            "session": f"session-{pick.randrange(90)}",
            "device": f"device-{pick.randrange(30)}",
            "card": f"card-{pick.randrange(30)}",
            "ip": f"10.0.0.{pick.randrange(30)}",
            "country": pick.choice(["DE", "FR", "SE"]),
            "merchant": f"merchant-{pick.randrange(4)}",
        }
