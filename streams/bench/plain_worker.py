"""The same work as a plain Faust agent: one event at a time, as Faust's documentation does it.

A process of its own, ``python -m streams.bench.plain_worker``, with Footfall's settings in its environment. Faust
decides when to acknowledge; rows are written 1,000 at a time, and once a second what is left.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from typing import Any

import faust
import msgspec
from faust.worker import Worker

from models.catalogue import KINDS, of_kind
from models.snapshots import Loaded
from schemas.events import EVENTS_OF_TOPIC
from schemas.tables import TABLES
from schemas.topics import BEHAVIOUR, TopicNames
from streams.bench.plain_scoring import PlainScorer, Rows
from streams.clickhouse.connection import connect
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Fatal
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore

ROWS_AN_INSERT = 1_000
_DAY_MS = 86_400_000


class PlainWorker:
    def __init__(self, settings: Settings) -> None:
        self._client = connect(settings)
        self._scorer = PlainScorer(_models(settings), churn_horizon_ms=int(settings.churn_horizon_days * _DAY_MS))
        self._writing = asyncio.Lock()

    async def on_event(self, value: Any, *, topic: str, partition: int, offset: int) -> None:
        self._scorer.score(value, topic=topic, partition=partition, offset=offset)
        if len(self._scorer) >= ROWS_AN_INSERT:
            await self.write()

    async def write(self) -> None:
        async with self._writing:
            rows = self._scorer.take_rows()
            if rows.events:
                await asyncio.to_thread(self._insert, rows)

    def _insert(self, rows: Rows) -> None:
        for table, values in rows._asdict().items():
            if values:
                self._client.execute(f"INSERT INTO {table} ({', '.join(TABLES[table])}) VALUES", values)


def _models(settings: Settings) -> dict[str, Loaded]:
    with closing(Reader(settings)) as reader, closing(Writer(settings)) as writer:
        store = SnapshotStore(settings, reader, writer)
        champions = [of_kind(kind)[0] for kind in KINDS]
        snapshots = {spec: store.latest_whole(spec) for spec in champions}
        models = {spec.name: store.load(spec, snapshot) for spec, snapshot in snapshots.items() if snapshot}
    if len(models) < len(champions):
        raise Fatal("the plain worker needs a snapshot of every champion")
    return models


def plain_app(settings: Settings) -> faust.App:
    app = faust.App(
        settings.group,
        broker=f"kafka://{settings.kafka}",
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 5,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    names = TopicNames(prefix=settings.topic_prefix)
    worker = PlainWorker(settings)

    def add_agent(topic: str) -> None:
        channel = app.topic(names.on_broker(topic), value_type=bytes, value_serializer="raw", key_serializer="raw")
        decode = msgspec.json.Decoder(EVENTS_OF_TOPIC[topic]).decode

        async def consume(stream: Any) -> None:
            async for event in stream.events():
                message = event.message
                await worker.on_event(
                    decode(event.value), topic=topic, partition=message.partition, offset=message.offset
                )

        app.agent(channel, name=f"consume-{topic}")(consume)

    for topic in BEHAVIOUR:
        add_agent(topic)
    app.timer(interval=1.0)(worker.write)
    return app


def main() -> None:
    app = plain_app(Settings.from_env(os.environ))
    Worker(app, loglevel="WARNING").execute_from_commandline()


if __name__ == "__main__":
    main()
