"""The real worker over what is in its topics: a process of its own, from its start to its end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.child import Child
from deploy.local.workers import WorkerProcess
from schemas.topics import INPUTS
from streams.bench.laboratory import wait_for
from streams.clickhouse.reader import Reader
from streams.settings import Settings

_ASSIGNED = "SELECT uniqExact(topic, partition) FROM assignments"
_DONE = "SELECT sum(records) FROM ledger"


@dataclass(frozen=True, kw_only=True)
class WorkerRun:
    """What a worker took, its start and its end included."""

    cpu_s: float
    report: Mapping[str, Any]
    """As ``footfall worker --report`` writes it."""
    events: int = 0
    timed_events: int = 0
    """Those that were processed in ``seconds``."""
    seconds: float = 0.0
    """From the first cut to the last; from the assignment where there is only one."""

    @property
    def cpu_us_per_event(self) -> float:
        return 1e6 * self.cpu_s / self.events

    @property
    def events_per_s(self) -> float:
        return self.timed_events / self.seconds


def run_worker(settings: Settings, folder: Path, *, events: int) -> WorkerRun:
    """Run the worker until all ``events`` are in the ledger; errors are those of ``wait_for``."""
    with WorkerProcess(settings.group, settings.to_env(), folder) as worker:
        wait_until_assigned(worker, settings)
        wait_for(worker, settings, _DONE, lambda number: number >= events)
        cpu_s = worker.end()
    seconds, timed_events = _timed(settings)
    return WorkerRun(cpu_s=cpu_s, report=worker.report, events=events, timed_events=timed_events, seconds=seconds)


def run_idle_worker(settings: Settings, folder: Path) -> WorkerRun:
    """Run a worker that finds its topics empty, until it has its partitions."""
    with WorkerProcess(settings.group, settings.to_env(), folder) as worker:
        wait_until_assigned(worker, settings)
        cpu_s = worker.end()
    return WorkerRun(cpu_s=cpu_s, report=worker.report)


def wait_until_assigned(worker: Child, settings: Settings) -> None:
    wait_for(worker, settings, _ASSIGNED, lambda number: number >= len(INPUTS) * settings.partitions)


def _timed(settings: Settings) -> tuple[float, int]:
    """Seconds from the first cut to the last, and the events of all but the first."""
    with closing(Reader(settings)) as reader:
        cuts = reader.query("SELECT written_ms, sum(records) FROM ledger GROUP BY written_ms ORDER BY written_ms")
        ((assigned_ms,),) = reader.query("SELECT min(assigned_ms) FROM assignments")
    if len(cuts) == 1:
        cuts = [(assigned_ms, 0), *cuts]
    return (cuts[-1][0] - cuts[0][0]) / 1000, sum(records for _, records in cuts[1:])
