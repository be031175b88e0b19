"""Where a soak takes place: a stack of its own, and the workers on it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.fleet import Fleet
from deploy.local.stack import LocalStack
from deploy.local.state import NAMES
from deploy.local.workers import WorkerProcess
from schemas.topics import CARTS, REVIEWS, REVIEWS_SCORED
from streams.audit.lag import lag
from streams.clickhouse.ledger import midnights_swept
from streams.clickhouse.migrate import migrate
from streams.clickhouse.reader import Reader
from streams.leader.sweeping import midnights_passed
from streams.segments.rounds import are_settled
from streams.settings import Secret, Settings
from streams.transport.topics import ensure_topics
from streams.worker import machine_code

_SETTINGS = Settings(
    learn_interval_s=1.0,
    segment_interval_s=2.0,
    # Small enough to be full within a minute: what memory does then is what it will do.
    profile_cache_rows=5_000,
    duplicate_window=5_000,
)
_SESSION_TIMEOUT_S = {"tansu": 2.0, "apache-kafka": 6.0}
"""As short as each allows, so that the partitions of whoever was killed go on soon."""

_UNREAD = """
SELECT sumIf(rows, topic = %(reviews)s) - sumIf(rows, topic = %(scored)s)
FROM ledger FINAL
"""

_LEADER = "SELECT argMax(worker, epoch) FROM assignments WHERE topic = %(topic)s AND partition = 0"


class Site:
    """A context manager that leaves nothing running.

    Attributes
    ----------
    settings
        Of the workers, once the context is entered.
    """

    settings: Settings

    def __init__(self, folder: Path, kafka_home: Path | None) -> None:
        self.stack = LocalStack(folder, kafka_home)
        self.fleet: Fleet[WorkerProcess] = Fleet()
        self._folder = folder / "workers"
        self._command: dict[str, Sequence[str]] = {}

    def __enter__(self) -> Self:
        try:
            endpoints = self.stack.up()
            self.settings = replace(
                _SETTINGS,
                kafka=endpoints.kafka,
                clickhouse=Secret(
                    f"clickhouse://default@{endpoints.clickhouse_host}:{endpoints.clickhouse_port}/default"
                ),
                model_key=Secret(secrets.token_hex(32)),
                session_timeout_s=_SESSION_TIMEOUT_S[self.stack.member("broker").status().kind],
            )
            asyncio.run(ensure_topics(self.settings))
            migrate(self.settings)
            machine_code.load()
        except BaseException:
            self.stack.down()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.fleet.kill()
        self.stack.down()

    def start(self, command: Sequence[str]) -> WorkerProcess:
        """A new worker; doesn't wait for it."""
        name = f"{command[-1]}-{len(self.fleet.workers) + 1}"
        self._command[name] = command
        worker = WorkerProcess(name, self.settings.to_env(), self._folder, command=command)
        self.fleet.workers.append(worker)
        return worker

    def start_another(self, worker: WorkerProcess) -> WorkerProcess:
        """One like it."""
        return self.start(self._command[worker.name])

    def pids(self) -> dict[str, int | None]:
        """Of all that runs, by name."""
        servers = {name: self.stack.member(name).pid for name in NAMES}
        return servers | {worker.name: worker.pid for worker in self.fleet.running}

    def unassigned(self) -> list[str]:
        """The workers that run and have had no partitions yet. Raises as ``left_to_do`` does."""
        with closing(Reader(self.settings)) as reader:
            assigned = {worker for (worker,) in reader.query("SELECT DISTINCT worker FROM assignments")}
        return [worker.name for worker in self.fleet.running if worker.name not in assigned]

    def leader(self) -> str:
        """Its name: who took the partition last that leading goes with. Raises as ``left_to_do`` does."""
        with closing(Reader(self.settings)) as reader:
            ((worker,),) = reader.query(_LEADER, {"topic": CARTS})
        return str(worker)

    def are_segments_settled(self) -> bool:
        """Whether there is neither a sweep to come, once there was one, nor a look. Raises as ``left_to_do`` does."""
        with closing(Reader(self.settings)) as reader:
            swept = midnights_swept(reader)
            is_swept = not swept or swept == midnights_passed(reader, self.settings)
            return is_swept and are_settled(reader)

    def left_to_do(self, *, texts: bool) -> int:
        """Records that aren't committed, and with ``texts`` reviews that weren't read. Blocks.

        Raises ``Retryable`` or ``Fatal`` where a server doesn't answer.
        """
        behind = lag(self.settings)
        if texts:
            with closing(Reader(self.settings)) as reader:
                ((unread,),) = reader.query(_UNREAD, {"reviews": REVIEWS, "scored": REVIEWS_SCORED})
            behind += max(0, int(unread))
        return behind
