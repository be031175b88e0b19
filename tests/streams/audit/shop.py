"""A shop of which everything was written, to take something away from."""

from __future__ import annotations

import asyncio

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.tables import ROW_TABLES
from schemas.topics import REVIEW_TEXTS, TopicNames, topic_of
from streams.audit.findings import Audit
from streams.audit.run import audit
from streams.clickhouse.columns import Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings

RUN = 100
"""Records of a run."""

N_RUNS = 5


class Shop:
    """What workers leave behind: records on the broker, rows, ledger rows, committed offsets."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.names = TopicNames(prefix=settings.topic_prefix)
        self.writer = Writer(settings)
        self._tokens = iter(range(1_000_000))

    def produce(self, topic: str, n_records: int, partition: int = 0) -> None:
        async def send() -> None:
            producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka)
            await producer.start()
            name = self.names.on_broker(topic_of(topic))
            sent = [await producer.send(name, b"{}", key=b"k", partition=partition) for _ in range(n_records)]
            await asyncio.gather(*sent)
            await producer.stop()

        asyncio.run(send())

    def commit(self, topic: str, offset: int, partition: int = 0) -> None:
        async def commit() -> None:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self.settings.kafka,
                group_id=self.settings.text_group if topic == REVIEW_TEXTS else self.settings.group,
                enable_auto_commit=False,
            )
            await consumer.start()
            at = TopicPartition(self.names.on_broker(topic_of(topic)), partition)
            consumer.assign([at])
            await consumer.commit({at: offset})
            await consumer.stop()

        asyncio.run(commit())

    def write_rows(self, topic: str, offsets: range | list[int], partition: int = 0, *, shift_ms: int = 0) -> None:
        n = len(offsets)
        self.writer.insert(
            ROW_TABLES[topic],
            {
                "topic": [topic] * n,
                "partition": np.full(n, partition),
                "offset": np.array(offsets),
                "event_id": [f"{topic}-{partition}-{offset}" for offset in offsets],
                "user_id": [f"user-{offset % 7}" for offset in offsets],
                "ts": 1_700_000_000_000 + shift_ms + np.array(offsets),
                "written_ms": np.full(n, 1),
            },
            token=self._token(),
        )

    def write_dead_letters(self, topic: str, offsets: list[int], partition: int = 0) -> None:
        n = len(offsets)
        columns: dict[str, Column] = {
            "topic": [topic] * n,
            "partition": np.full(n, partition),
            "offset": np.array(offsets),
        }
        self.writer.insert("dead_letters", columns | {"key": [b"\xff"] * n}, token=self._token())

    def write_ledger(self, topic: str, first: int, last: int, *, epoch: int = 1, **counts: int) -> None:
        n = last - first + 1
        counts = {"records": n, "rows": n} | counts
        identities = np.arange(first + 1, last + 2, dtype="<u8")
        columns: dict[str, Column] = {
            "topic": [topic],
            "partition": [0],
            "first": [first],
            "last": [last],
            "epoch": [epoch],
        }
        columns |= {name: [count] for name, count in counts.items()}
        self.writer.insert("ledger", columns | {"identities": [identities.tobytes()]}, token=self._token())

    def work(self, topic: str, first: int, *, epoch: int = 1) -> None:
        """One run, done completely."""
        self.write_rows(topic, range(first, first + RUN))
        self.write_ledger(topic, first, first + RUN - 1, epoch=epoch)

    def change(self, sql: str) -> None:
        reader = Reader(self.settings)
        reader.query(sql)
        reader.close()

    def value(self, sql: str) -> tuple[object, ...]:
        """The one row."""
        reader = Reader(self.settings)
        (row,) = reader.query(sql)
        reader.close()
        return row

    def audit(self) -> Audit:
        return asyncio.run(audit(self.settings))

    def _token(self) -> str:
        return f"write-{next(self._tokens)}"
