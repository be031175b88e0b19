"""The demo's steps, from an empty folder to an audited database."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local.exceptions import StackError
from deploy.local.stack import LocalStack
from deploy.local.workers import TEXT_WORKER, WorkerProcess
from schemas.topics import REVIEW_TEXTS
from streams.audit.findings import Audit
from streams.audit.run import audit
from streams.clickhouse.migrate import migrate
from streams.demo import waits
from streams.demo.figures import Figures, figures
from streams.demo.scenario import Scenario, Story
from streams.errors import Fatal
from streams.replay.progress import shown
from streams.replay.run import MAX_SPEED, ReplayReport, replay
from streams.segments.files import segments_of
from streams.segments.verified import Verified
from streams.segments.verify import verify
from streams.settings import Secret, Settings
from streams.transport.topics import ensure_topics
from streams.worker import machine_code

N_WORKERS = 2

_SESSION_TIMEOUT_S = {"tansu": 2.0, "apache-kafka": 6.0}
"""Tansu lets a group's first member wait for half of it; Apache Kafka's least is 6 s."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What was done and measured."""

    scenario: Scenario
    records: int
    """That were sent."""
    fast: ReplayReport
    """Of those that were sent as fast as they go."""
    fast_s: float
    """From the first of them sent until all were in the ledger."""
    workers: list[dict[str, Any]]
    audit: Audit
    segments: Verified
    figures: Figures
    story: Story

    @property
    def problems(self) -> list[str]:
        """In words; empty where all is as it should be."""
        return [*self.audit.problems, *self.segments.problems, *self.story.problems]

    @property
    def sent_again(self) -> int:
        """Records whose event had been sent before; those that the text worker read, too, count once."""
        return sum(one.duplicates for one in self.audit.partitions if one.topic != REVIEW_TEXTS)

    @property
    def worker_cpu_us_per_event(self) -> float:
        return float(sum(report["cpu_s"] for report in self.workers) / self.records * 1e6)

    @property
    def events_per_s(self) -> float:
        """Of those that were sent as fast as they go, until they were durable."""
        return self.fast.events / self.fast_s

    def to_dict(self) -> dict[str, Any]:
        """The demo's last line of output with ``--json``."""
        audited = self.audit.to_dict()
        verified = self.segments.to_dict()
        return {
            "events_in": self.records,
            "events_rows": audited["events_rows"],
            "labels_rows": audited["labels_rows"],
            "duplicates": self.sent_again,
            "dead_letters": audited["dead_letters"],
            "missing": audited["missing"],
            "double": audited["double"],
            "profiles": sum(self.figures.profiles.values()),
            "shoppers": self.figures.profiles.get("user", 0),
            "events_per_s": round(self.events_per_s),
            "worker_cpu_us_per_event": round(self.worker_cpu_us_per_event, 1),
            "reviews_read": self.figures.reviews,
            "alerts": self.figures.alerts,
            "alerts_suppressed": self.figures.suppressed,
            "segments_verified": verified["ok"],
            "segment_changes": verified["changes"],
            **self.story.to_dict(),
            "audit_ok": audited["ok"],
            "problems": self.problems,
        }


def run(
    scenario: Scenario, folder: Path, *, kafka_home: Path | None, keep: bool, console: Console, seconds: float
) -> Demo:
    """Run the demo in ``folder``, which must be empty or absent; with ``keep`` the servers stay up. ``seconds`` is the
    time that the later part of the scenario takes; what comes before goes as fast as it can.

    Raises ``Fatal`` where a step fails or takes longer than its deadline.
    """
    stack = LocalStack(folder, kafka_home)
    with ExitStack() as cleanup:
        if not keep:
            cleanup.callback(stack.down)
        try:
            return _steps(scenario, stack, folder, console, seconds)
        except StackError as error:
            raise Fatal(str(error)) from None


def _steps(scenario: Scenario, stack: LocalStack, folder: Path, console: Console, seconds: float) -> Demo:
    with _step(console, "Starting a Kafka broker and ClickHouse"):
        endpoints = stack.up()
    settings = replace(
        scenario.settings,
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
            waits.assigned(settings, workers)
        began = time.monotonic()
        what = f"Sending {scenario.what}, at first as fast as it goes"
        fast = _send(scenario, what, settings, console, 0, scenario.fast_records)
        with _step(console, "Waiting until every event is durable"):
            waits.durable(settings, fast.events, workers)
            fast_s = time.monotonic() - began
        reader = WorkerProcess("text-worker", settings.to_env(), folder / "workers", command=TEXT_WORKER)
        workers.append(running.enter_context(reader))
        what = f"Going on at {scenario.slow_s / 86_400 / seconds:.1f} days a second, so that labels and budgets follow"
        speed = scenario.slow_s / seconds
        slow = _send(scenario, what, settings, console, scenario.fast_records, None, speed=speed)
        records = fast.events + slow.events
        with _step(console, "Waiting until every event is durable"):
            waits.durable(settings, records, workers)
        with _step(console, "Waiting until every review is read and part of the profiles"):
            waits.read(settings, workers)
        with _step(console, "Learning from the labels that fell due"):
            waits.learnt(settings, workers)
        with _step(console, "Looking at the segments for a last time"):
            waits.looked(settings, workers)
        with _step(console, "Stopping the workers"):
            for worker in workers:
                worker.end()
    with _step(console, "Auditing"):
        found = asyncio.run(audit(settings))
    with _step(console, "Holding the segments against the raw events"):
        verified = verify(settings, list(segments_of(settings).values()))
    return Demo(
        scenario=scenario,
        records=records,
        fast=fast,
        fast_s=fast_s,
        workers=[worker.report for worker in workers[:N_WORKERS]],
        audit=found,
        segments=verified,
        figures=figures(settings),
        story=scenario.tell(settings),
    )


def _send(
    scenario: Scenario,
    what: str,
    settings: Settings,
    console: Console,
    start: int,
    limit: int | None,
    *,
    speed: float = MAX_SPEED,
) -> ReplayReport:
    with shown(what, start, scenario.total) as progressed:
        report = asyncio.run(
            replay(scenario.chunks(), settings, start=start, limit=limit, speed=speed, progress=progressed)
        )
    console.print(f"[green]✓[/] {what}: {report.events:,} records in {report.seconds:.1f} s")
    return report


@contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    began = time.monotonic()
    with console.status(what):
        yield
    console.print(f"[green]✓[/] {what} [dim]{time.monotonic() - began:.1f} s[/]")
