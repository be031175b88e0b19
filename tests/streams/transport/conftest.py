"""Real brokers, real worker processes."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.child import Child
from deploy.local.member import Member
from deploy.local.stack import LocalStack
from schemas.topics import CLICKS
from streams.settings import Settings
from streams.transport import ensure_topics

JOURNAL_WORKER = Path(__file__).with_name("journal_worker.py")
WAIT_S = 30.0
PARTITIONS = 2
COMMIT_INTERVAL_S = 0.5


@dataclass
class Broker:
    kind: str
    address: str
    member: Member
    session_timeout_s: float


class Worker(Child):
    """A worker process with its journal."""

    def __init__(self, journal: Path, arguments: Sequence[str], settings: Settings) -> None:
        self.journal = journal
        command = [sys.executable, str(JOURNAL_WORKER), str(journal), *arguments]
        super().__init__(command, settings.to_env(), journal.with_suffix(".log"))

    def lines(self, *what: str) -> list[dict[str, Any]]:
        """All of them where none is named."""
        text = self.journal.read_text() if self.journal.exists() else ""
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return [line for line in lines if not what or line["what"] in what]

    def offsets(self, topic: str = CLICKS) -> Counter[tuple[int, int]]:
        """How often each (partition, offset) came."""
        runs = [run for run in self.lines("run") if run["topic"] == topic]
        return Counter((run["partition"], offset) for run in runs for offset in run["offsets"])

    def until(self, true: Callable[[Worker], Any], timeout_s: float = WAIT_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not true(self):
            assert self.running, f"the worker ended: {self.text()}"
            assert time.monotonic() < deadline, "the worker doesn't get there"
            time.sleep(0.05)

    def text(self) -> str:
        """All that it has printed."""
        return self.log.read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.signal(number)
        return self.wait(WAIT_S)


@dataclass
class Scene:
    """Topics and a group of a test's own on a broker."""

    broker: Broker
    settings: Settings
    folder: Path
    workers: list[Worker] = field(default_factory=list)

    def create_topics(self) -> None:
        asyncio.run(ensure_topics(self.settings))

    def start(self, *arguments: str, **settings: Any) -> Worker:
        journal = self.folder / f"worker{len(self.workers)}.jsonl"
        self.workers.append(Worker(journal, arguments, replace(self.settings, **settings)))
        return self.workers[-1]

    def feed(self, count: int, *, codec: str | None = None, topic: str = CLICKS) -> None:
        """Produce records over all partitions in turn, so that each has ``count`` / ``PARTITIONS`` more."""
        asyncio.run(self._feed(count, codec, topic))

    async def _feed(self, count: int, codec: str | None, topic: str) -> None:
        name = self.settings.topic_prefix + topic
        async with AIOKafkaProducer(
            bootstrap_servers=self.broker.address, compression_type=codec, linger_ms=5, request_timeout_ms=60_000
        ) as producer:
            sent = [
                await producer.send(name, b'{"n": %d}' % n, key=b"u%d" % n, partition=n % PARTITIONS)
                for n in range(count)
            ]
            await asyncio.gather(*sent)

    def committed(self, topic: str = CLICKS) -> dict[int, int]:
        """The group's offset by partition, where it has one."""
        return asyncio.run(self._committed(self.settings.topic_prefix + topic))

    async def _committed(self, name: str) -> dict[int, int]:
        # By a consumer without a subscription: Tansu answers the admin client's question in a form of its own.
        asker = AIOKafkaConsumer(
            bootstrap_servers=self.broker.address, group_id=self.settings.group, enable_auto_commit=False
        )
        async with asker:
            offsets = {n: await asker.committed(TopicPartition(name, n)) for n in range(PARTITIONS)}
        return {n: offset for n, offset in offsets.items() if offset is not None}


class Load:
    """Feeds at a steady rate until stopped; ``sent`` counts."""

    def __init__(self, scene: Scene, per_second: int) -> None:
        self.sent = 0
        self._scene = scene
        self._chunk = per_second // 20 // PARTITIONS * PARTITIONS
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(WAIT_S)

    async def _run(self) -> None:
        name = self._scene.settings.topic_prefix + CLICKS
        async with AIOKafkaProducer(bootstrap_servers=self._scene.broker.address) as producer:
            while not self._over.is_set():
                due = time.monotonic() + 0.05
                for n in range(self._chunk):
                    await producer.send(name, b"{}", partition=n % PARTITIONS)
                await producer.flush()
                self.sent += self._chunk
                await asyncio.sleep(max(0, due - time.monotonic()))


@pytest.fixture(scope="session")
def tansu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    yield from _broker(tmp_path_factory.mktemp("tansu"), None, session_timeout_s=1.5)


@pytest.fixture(scope="session")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory, kafka_home: Path) -> Iterator[Broker]:
    # Kafka refuses shorter sessions.
    yield from _broker(tmp_path_factory.mktemp("kafka"), kafka_home, session_timeout_s=6.0)


def _broker(folder: Path, home: Path | None, session_timeout_s: float) -> Iterator[Broker]:
    stack = LocalStack(folder, home, members=("broker",))
    try:
        endpoints = stack.up()
        yield Broker("kafka" if home else "tansu", endpoints.kafka, stack.member("broker"), session_timeout_s)
    finally:
        stack.down()


@pytest.fixture(params=["tansu", "apache_kafka"])
def broker(request: pytest.FixtureRequest) -> Broker:
    found: Broker = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def scene_on(tmp_path: Path) -> Iterator[Callable[[Broker], Scene]]:
    scenes: list[Scene] = []

    def make(broker: Broker) -> Scene:
        name = uuid.uuid4().hex[:8]
        settings = Settings(
            kafka=broker.address,
            group=f"group-{name}",
            topic_prefix=f"{name}.",
            partitions=PARTITIONS,
            commit_interval_s=COMMIT_INTERVAL_S,
            session_timeout_s=broker.session_timeout_s,
        )
        folder = tmp_path / name
        folder.mkdir()
        scenes.append(Scene(broker, settings, folder))
        return scenes[-1]

    yield make
    for worker in (worker for scene in scenes for worker in scene.workers):
        worker.kill()


@pytest.fixture
def bare(scene_on: Callable[[Broker], Scene], broker: Broker) -> Scene:
    """Without topics."""
    return scene_on(broker)


@pytest.fixture
def scene(bare: Scene) -> Scene:
    bare.create_topics()
    return bare


@pytest.fixture
def scene_on_tansu(scene_on: Callable[[Broker], Scene], tansu: Broker) -> Scene:
    """For what doesn't depend on the broker."""
    made = scene_on(tansu)
    made.create_topics()
    return made


@pytest.fixture
def load() -> type[Load]:
    return Load
