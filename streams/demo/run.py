"""The demo's steps, from an empty folder to an audited database."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local.exceptions import StackError
from deploy.local.stack import LocalStack
from deploy.local.workers import TEXT_WORKER, WorkerProcess
from schemas.topics import REVIEW_TEXTS, REVIEWS, REVIEWS_SCORED
from streams.audit.findings import Audit
from streams.audit.run import audit
from streams.clickhouse.migrate import migrate
from streams.clickhouse.reader import Reader
from streams.demo.figures import Figures, figures
from streams.errors import Fatal
from streams.replay.progress import shown
from streams.replay.run import MAX_SPEED, ReplayReport, replay
from streams.replay.sources import SOURCES
from streams.settings import Secret, Settings
from streams.transport.topics import ensure_topics
from streams.worker import machine_code

SOURCE = SOURCES["online-retail-reviews"]
FAST_EVENTS = 228_000
"""Replayed as fast as they go: those until the middle of August."""
SLOW_S = 116 * 86_400.0
"""What the others take in the shop: until the ninth of December."""
N_WORKERS = 2
DEADLINE_S = 180.0
_POLL_S = 0.2

_SETTINGS = Settings(flush_interval_s=0.3, learn_interval_s=0.5, churn_threshold=0.5, churn_alerts_per_day=20.0)
_SESSION_TIMEOUT_S = {"tansu": 2.0, "apache-kafka": 6.0}
"""Tansu lets a group's first member wait for half of it; Apache Kafka's least is 6 s."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What was done and measured."""

    settings: Settings
    events: int
    """That were sent."""
    fast: ReplayReport
    """Of those that were sent as fast as they go."""
    fast_s: float
    """From the first of them sent until all were in the ledger."""
    workers: list[dict[str, Any]]
    audit: Audit
    figures: Figures

    @property
    def worker_cpu_us_per_event(self) -> float:
        return float(sum(report["cpu_s"] for report in self.workers) / self.events * 1e6)

    @property
    def events_per_s(self) -> float:
        """Of those that were sent as fast as they go, until they were durable."""
        return self.fast.events / self.fast_s

    def to_dict(self) -> dict[str, Any]:
        """The demo's last line of output with ``--json``."""
        audited = self.audit.to_dict()
        churn = self.figures.churn
        return {
            "events_in": self.events,
            "events_rows": audited["events_rows"],
            "missing": audited["missing"],
            "double": audited["double"],
            "profiles": sum(self.figures.profiles.values()),
            "shoppers": self.figures.profiles.get("user", 0),
            "dead_letters": audited["dead_letters"],
            "events_per_s": round(self.events_per_s),
            "worker_cpu_us_per_event": round(self.worker_cpu_us_per_event, 1),
            "reviews_read": self.figures.reviews,
            "alerts": self.figures.alerts,
            "alerts_suppressed": self.figures.suppressed,
            "churn_alerts_per_day": self.settings.churn_alerts_per_day,
            "months": [asdict(month) for month in self.figures.months],
            "churn": {"learnt": churn.learnt, "judged": churn.judged, "roc_auc": churn.roc_auc, "brier": churn.brier},
            "audit_ok": audited["ok"],
        }


def run(folder: Path, *, kafka_home: Path | None, keep: bool, console: Console, autumn_s: float) -> Demo:
    """Run the demo in ``folder``, which must be empty or absent; with ``keep`` the servers stay up. ``autumn_s`` is the
    time that the last months take; those before are replayed as fast as they go.

    Raises ``Fatal`` where a step fails or takes longer than its deadline.
    """
    stack = LocalStack(folder, kafka_home)
    with ExitStack() as cleanup:
        if not keep:
            cleanup.callback(stack.down)
        try:
            return _steps(stack, folder, console, autumn_s)
        except StackError as error:
            raise Fatal(str(error)) from None


def _steps(stack: LocalStack, folder: Path, console: Console, autumn_s: float) -> Demo:
    with _step(console, "Starting a Kafka broker and ClickHouse"):
        endpoints = stack.up()
    settings = replace(
        _SETTINGS,
        kafka=endpoints.kafka,
        clickhouse=Secret(f"clickhouse://default@{endpoints.clickhouse_host}:{endpoints.clickhouse_port}/default"),
        model_key=Secret(secrets.token_hex(32)),
        session_timeout_s=_SESSION_TIMEOUT_S[stack.member("broker").status().kind],
    )
    with _step(console, "Creating topics and tables"):
        asyncio.run(ensure_topics(settings))
        migrate(settings)
    with _step(console, "Having machine code compiled, once and for all"):
        machine_code.load()
    with ExitStack() as running:
        workers = [
            running.enter_context(WorkerProcess(f"worker-{n + 1}", settings.to_env(), folder / "workers"))
            for n in range(N_WORKERS)
        ]
        with _step(console, f"Starting {N_WORKERS} workers"):
            _wait_assigned(settings, workers)
        began = time.monotonic()
        fast = _replay("Replaying a shop's year, at first as fast as it goes", settings, console, 0, FAST_EVENTS)
        with _step(console, "Waiting until every event is durable"):
            _wait_durable(settings, FAST_EVENTS, workers)
            fast_s = time.monotonic() - began
        reader = WorkerProcess("text-worker", settings.to_env(), folder / "workers", command=TEXT_WORKER)
        workers.append(running.enter_context(reader))
        pace = f"Going on at {SLOW_S / 86_400 / autumn_s:.1f} days a second, so that labels and budgets can follow"
        slow = _replay(pace, settings, console, FAST_EVENTS, None, speed=SLOW_S / autumn_s)
        events = fast.events + slow.events
        with _step(console, "Waiting until every event is durable"):
            _wait_durable(settings, events, workers)
        with _step(console, "Waiting until every review is read and part of the profiles"):
            _wait_read(settings, workers)
        with _step(console, "Learning from the labels that fell due"):
            _wait_learnt(settings, workers)
        with _step(console, "Stopping the workers"):
            for worker in workers:
                worker.end()
    with _step(console, "Auditing"):
        found = asyncio.run(audit(settings))
    return Demo(
        settings=settings,
        events=events,
        fast=fast,
        fast_s=fast_s,
        workers=[worker.report for worker in workers[:N_WORKERS]],
        audit=found,
        figures=figures(settings),
    )


def _replay(
    what: str, settings: Settings, console: Console, start: int, limit: int | None, *, speed: float = MAX_SPEED
) -> ReplayReport:
    with shown(what, start, SOURCE.total(None)) as progressed:
        report = asyncio.run(
            replay(SOURCE.events(None), settings, start=start, limit=limit, speed=speed, progress=progressed)
        )
    console.print(f"[green]✓[/] {what}: {report.events:,} events in {report.seconds:.1f} s")
    return report


def _wait_assigned(settings: Settings, workers: list[WorkerProcess]) -> None:
    """Until the group has shared its partitions out to all workers."""
    _wait(
        settings,
        workers,
        "SELECT uniqExact(owner) >= %(workers)s FROM "
        "(SELECT argMax(worker, epoch) AS owner FROM assignments WHERE topic = 'carts' GROUP BY partition)",
        {"workers": len(workers)},
    )


def _wait_durable(settings: Settings, events: int, workers: list[WorkerProcess]) -> None:
    _wait(
        settings,
        workers,
        "SELECT sum(records) >= %(events)s FROM ledger FINAL WHERE topic NOT IN %(of_texts)s",
        {"events": events, "of_texts": [REVIEW_TEXTS, REVIEWS_SCORED]},
    )


def _wait_read(settings: Settings, workers: list[WorkerProcess]) -> None:
    _wait(
        settings,
        workers,
        "SELECT sumIf(rows, topic = %(scored)s) >= sumIf(rows, topic = %(reviews)s) FROM ledger FINAL",
        {"scored": REVIEWS_SCORED, "reviews": REVIEWS},
    )


def _wait_learnt(settings: Settings, workers: list[WorkerProcess]) -> None:
    """Until the churn model has considered every partition up to its watermark, and its metrics are written."""
    _wait(
        settings,
        workers,
        "SELECT (SELECT max(learnt_until_ms) FROM models WHERE name = 'churn') >= "
        "(SELECT min(at_ms) FROM (SELECT max(max_ts_ms) AS at_ms FROM ledger GROUP BY partition)) - %(lateness_ms)s",
        {"lateness_ms": int(settings.max_ahead_s * 1000)},
    )
    _wait(
        settings,
        workers,
        "SELECT (SELECT max(version) FROM model_metrics WHERE model = 'churn') >= "
        "(SELECT max(version) FROM learnt WHERE model = 'churn' AND NOT isNaN(score))",
        {},
    )


def _wait(settings: Settings, workers: list[WorkerProcess], sql: str, params: dict[str, Any]) -> None:
    """Until a query answers yes. Raises ``Fatal`` past the deadline, ``StackError`` where a worker ends."""
    reader = Reader(settings)
    deadline = time.monotonic() + DEADLINE_S
    try:
        while not reader.query(sql, params)[0][0]:
            for worker in workers:
                worker.check()
            if time.monotonic() > deadline:
                raise Fatal(f"still not so after {DEADLINE_S:g} s: {sql % params}")
            time.sleep(_POLL_S)
    finally:
        reader.close()


@contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    began = time.monotonic()
    with console.status(what):
        yield
    console.print(f"[green]✓[/] {what} [dim]{time.monotonic() - began:.1f} s[/]")
