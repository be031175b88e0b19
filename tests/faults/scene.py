"""A fault test's surroundings: a stack to hurt, topics, tables and a group of its own, workers and shoppers."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from clickhouse_driver import Client

from deploy.local.stack import Endpoints, LocalStack
from streams.audit.lag import lag, progress
from streams.clickhouse.ledger import read_tilings
from streams.clickhouse.migrate import migrate
from streams.clickhouse.reader import Reader
from streams.settings import Secret, Settings
from streams.transport.topics import ensure_topics
from tests.faults.checker import Checker
from tests.faults.fleet import Fleet, Worker
from tests.faults.frauds import frauds_untold
from tests.faults.load import Load, clock_ms
from tests.faults.shoppers import Shoppers
from tests.waiting import wait_until

DRAIN_TIMEOUT_S = 90.0
TOLD_TIMEOUT_S = 30.0
COMMIT_INTERVAL_S = 0.5
SUPPRESS_HOURS = 2 / 3600
"""Within which a shopper comes several times, and after which again."""
RATE = 400
"""Records a second of the load."""


@dataclass
class Site:
    """A running stack, shared by the tests of a run."""

    kind: str
    stack: LocalStack
    endpoints: Endpoints
    session_timeout_s: float


class Scene:
    """One test's part of a site. A context manager that ends its workers."""

    def __init__(self, site: Site, folder: Path, *, seed: int, **changes: object) -> None:
        self.site = site
        self.seed = seed
        self.settings = _settings(site, f"f{uuid4().hex[:8]}", changes)
        self.shoppers = Shoppers(seed, clock_ms=clock_ms)
        self.fleet = Fleet(self.settings, folder)
        self._history: list[str] = []

    def __enter__(self) -> Scene:
        asyncio.run(ensure_topics(self.settings))
        with Client(self.site.endpoints.clickhouse_host, self.site.endpoints.clickhouse_port) as client:
            client.execute(f"CREATE DATABASE {self.settings.group}")
        migrate(self.settings)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        self.fleet.kill()
        if error is not None:
            happened = "\n".join(self._history)
            error.add_note(f"seed {self.seed}\n{self.fleet.logs()}\n--- what happened\n{happened}")

    def load(self) -> Load:
        return Load(self.settings, self.shoppers, per_s=RATE)

    def note(self, what: str) -> None:
        """For whoever reads the report of a failure."""
        self._history.append(f"{time.strftime('%H:%M:%S')} {what}")

    def uncommitted(self, worker: Worker) -> int:
        """Records that the ledger has from a worker that is gone, and that the next owner is sent again."""
        reader = Reader(self.settings)
        try:
            tilings = read_tilings(reader)
        finally:
            reader.close()
        _, committed = asyncio.run(progress(self.settings))
        return sum(
            max(0, row.last + 1 - max(row.first, committed.get(pair, 0)))
            for pair, tiling in tilings.items()
            for row in tiling.rows
            if row.worker == worker.name
        )

    def wait_working(self) -> None:
        """Until some of the load is committed."""
        wait_until(lambda: any(asyncio.run(progress(self.settings))[1].values()), DRAIN_TIMEOUT_S, "a worker commits")

    def wait_caught_up(self, within_s: float = 4.0) -> None:
        """Until what is committed lags by less than so many seconds of the load."""
        self._wait_for_lag(round(within_s * RATE), "the workers keep up")

    def finish(self) -> None:
        """Waits until all is committed and all labels are told, lets the workers leave, and checks what they left."""
        self._wait_for_lag(1, "everything is committed")
        self._wait_for_risks()
        self.leave()
        self.check()

    def _wait_for_lag(self, limit: int, what: str) -> None:
        try:
            wait_until(lambda: lag(self.settings) < limit, DRAIN_TIMEOUT_S, what)
        except AssertionError as error:
            logs, committed = asyncio.run(progress(self.settings))
            lags = {pair: log.last - committed.get(pair, 0) for pair, log in sorted(logs.items())}
            error.add_note(f"records that aren't committed: {lags}")
            raise

    def _wait_for_risks(self) -> None:
        try:
            wait_until(lambda: not frauds_untold(self.settings), TOLD_TIMEOUT_S, "all labels are told as risks")
        except AssertionError as error:
            error.add_note("\n".join(frauds_untold(self.settings)))
            raise

    def leave(self) -> None:
        for seconds in self.fleet.leave():
            assert seconds < 10, f"a worker took {seconds:.1f} s to leave"

    def check(self) -> None:
        problems = self.fleet.problems() + Checker(self.settings, self.shoppers.ground).problems()
        assert not problems, "\n".join(["what went wrong:", *problems])


def _settings(site: Site, name: str, changes: dict[str, object]) -> Settings:
    host, port = site.endpoints.clickhouse_host, site.endpoints.clickhouse_port
    given: dict[str, object] = {
        "kafka": site.endpoints.kafka,
        "clickhouse": Secret(f"clickhouse://default@{host}:{port}/{name}"),
        "group": name,
        "text_group": f"{name}-text",
        "topic_prefix": f"{name}.",
        "partitions": 4,
        "session_timeout_s": site.session_timeout_s,
        "commit_interval_s": COMMIT_INTERVAL_S,
        "flush_interval_s": 0.2,
        "batch_records": 500,
        "flush_rows": 2_000,
        "outage_deadline_s": 60.0,
        "clickhouse_timeout_s": 20.0,
        "duplicate_window": 2_000,
        "fraud_threshold": 0.5,
        "churn_threshold": 0.5,
        "alert_suppress_hours": SUPPRESS_HOURS,
        "model_key": Secret("of the fault tests"),
    }
    return Settings(**(given | changes))  # type: ignore[arg-type]
