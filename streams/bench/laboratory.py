"""Servers of its own for a benchmark: started in a temporary folder, and stopped and removed at the end."""

from __future__ import annotations

import asyncio
import secrets
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from clickhouse_driver import Client

from deploy.local.child import Child
from deploy.local.exceptions import StackError
from deploy.local.stack import Endpoints, LocalStack
from streams.bench.load import Load
from streams.clickhouse.migrate import migrate
from streams.clickhouse.reader import Reader
from streams.errors import Fatal
from streams.replay.run import replay
from streams.settings import Secret, Settings
from streams.transport.topics import ensure_topics

SESSION_TIMEOUT_S = 6.0
"""Tansu lets the first member of a group wait for half of it; Apache Kafka takes no less."""
OUTAGE_DEADLINE_S = 30.0
STALL_S = 90.0
"""A measurement that makes no progress for so long is given up."""
_POLL_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Laboratory:
    """Where measurements are made, each on topics and in a database that it names."""

    endpoints: Endpoints
    folder: Path
    model_key: str

    def settings(self, *, prefix: str, database: str, **more: object) -> Settings:
        """Settings of a measurement: topics with the prefix, a fresh group, and a database that is made if need be."""
        host, port = self.endpoints.clickhouse_host, self.endpoints.clickhouse_port
        with Client(host, port) as client:
            client.execute(f"CREATE DATABASE IF NOT EXISTS {database}")
        settings = Settings(
            kafka=self.endpoints.kafka,
            clickhouse=Secret(f"clickhouse://default@{host}:{port}/{database}"),
            topic_prefix=f"{prefix}.",
            group=f"bench-{secrets.token_hex(4)}",
            session_timeout_s=SESSION_TIMEOUT_S,
            outage_deadline_s=OUTAGE_DEADLINE_S,
            model_key=Secret(self.model_key),
        )
        settings = replace(settings, **more)  # type: ignore[arg-type]
        migrate(settings)
        return settings

    def produce(self, settings: Settings, load: Load, n: int) -> None:
        """Create the topics and fill them with ``n`` events."""
        asyncio.run(ensure_topics(settings))
        if n:
            asyncio.run(replay(load.events(n), settings))


@contextmanager
def laboratory(kafka_home: Path | None) -> Iterator[Laboratory]:
    """A broker (Tansu, or with ``kafka_home`` Apache Kafka) and ClickHouse. SIGTERM ends it as Ctrl-C does."""
    with _sigterm_raised(), tempfile.TemporaryDirectory(prefix="footfall-bench-") as folder:
        stack = LocalStack(Path(folder) / "stack", kafka_home)
        try:
            yield Laboratory(endpoints=stack.up(), folder=Path(folder), model_key=secrets.token_hex(32))
        except StackError as error:
            raise Fatal(str(error)) from None
        finally:
            stack.down()


@contextmanager
def _sigterm_raised() -> Iterator[None]:
    """Let SIGTERM unwind the stack: by default it would leave the servers behind."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def wait_for(child: Child, settings: Settings, sql: str, reached: Callable[[int], bool]) -> None:
    """Ask ClickHouse for a number until it is what is wanted.

    Raises ``Fatal`` once it stays the same for too long, ``StackError`` where ``child`` ends.
    """
    last, deadline = -1, time.monotonic() + STALL_S
    with closing(Reader(settings)) as reader:
        while True:
            child.check()
            ((number,),) = reader.query(sql)
            if reached(int(number)):
                return
            if number != last:
                last, deadline = number, time.monotonic() + STALL_S
            elif time.monotonic() > deadline:
                raise Fatal(f"no progress for {STALL_S:g} s: {sql} stays at {number}")
            time.sleep(_POLL_S)
