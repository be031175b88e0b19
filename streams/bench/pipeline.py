"""``footfall bench pipeline``: what the worker takes an event, and what a plain Faust agent takes for the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

from streams.bench.breakdown import breakdown
from streams.bench.laboratory import Laboratory
from streams.bench.models import publish_models
from streams.bench.plain_run import PlainRun, run_plain_worker
from streams.bench.shop import Shop
from streams.bench.warm_up import warm_up
from streams.bench.worker_run import WorkerRun, run_idle_worker, run_worker
from streams.settings import Settings

R = TypeVar("R", WorkerRun, PlainRun)


@dataclass(frozen=True, kw_only=True)
class PipelineResult:
    events: int
    plain_events: int
    rounds: int
    worker_us: float
    """Microseconds of CPU an event, start-up included; as is ``plain_us``, with its start-up over as many events."""
    plain_us: float
    events_per_s: float
    plain_events_per_s: float
    start_up_s: float
    parts: Mapping[str, float]

    @property
    def ratio(self) -> float:
        return self.plain_us / self.worker_us

    def to_json(self) -> dict[str, Any]:
        return {
            "worker_cpu_us_per_event": round(self.worker_us, 2),
            "events_per_s": round(self.events_per_s),
            "baseline_cpu_us_per_event": round(self.plain_us, 1),
            "baseline_events_per_s": round(self.plain_events_per_s),
            "ratio": round(self.ratio, 1),
            "breakdown": dict(self.parts),
            "startup_cpu_s": round(self.start_up_s, 2),
            "events": self.events,
            "baseline_events": self.plain_events,
            "rounds": self.rounds,
        }


def measure_pipeline(
    laboratory: Laboratory, *, events: int, plain_events: int, users: int, rounds: int
) -> PipelineResult:
    """Medians of ``rounds``, in each of which the worker and the plain worker run one after the other."""
    warm_up(laboratory, users=users)
    bench = _Bench(laboratory, Shop(users=users))
    # The start-up of a plain worker is what it takes for one event.
    for topics, n in {"idle": 0, "shop": events, "one": 1, "plain": plain_events}.items():
        bench.produce(topics, n)
    runs, idles, plains, plain_idles = [], [], [], []
    for number in range(1, rounds + 1):
        idles.append(bench.worker("idle", number, 0))
        runs.append(bench.worker("shop", number, events))
        plain_idles.append(bench.plain_worker("one", number, 1))
        plains.append(bench.plain_worker("plain", number, plain_events))
    run, idle = _middle(runs), _middle(idles)
    plain_start_up_s = _middle(plain_idles).cpu_s
    plain_work_us = 1e6 * (_middle(plains).cpu_s - plain_start_up_s) / plain_events
    return PipelineResult(
        events=events,
        plain_events=plain_events,
        rounds=rounds,
        worker_us=run.cpu_us_per_event,
        plain_us=plain_work_us + 1e6 * plain_start_up_s / events,
        events_per_s=median(run.events_per_s for run in runs),
        plain_events_per_s=median(plain.events_per_s for plain in plains),
        start_up_s=idle.cpu_s,
        parts=breakdown(run, idle),
    )


@dataclass(frozen=True)
class _Bench:
    laboratory: Laboratory
    shop: Shop

    def produce(self, topics: str, n: int) -> None:
        self.laboratory.produce(self.laboratory.settings(prefix=topics, database="default"), self.shop, n)

    def settings(self, name: str, number: int) -> Settings:
        """Of a run: its own group and database, with models that score."""
        settings = self.laboratory.settings(prefix=name, database=f"{name}_{number}")
        publish_models(settings, self.shop)
        return settings

    def worker(self, name: str, number: int, events: int) -> WorkerRun:
        settings = self.settings(name, number)
        if events:
            return run_worker(settings, self.laboratory.folder, events=events)
        return run_idle_worker(settings, self.laboratory.folder)

    def plain_worker(self, name: str, number: int, events: int) -> PlainRun:
        return run_plain_worker(self.settings(name, number), self.laboratory.folder, events=events)


def _middle(runs: Sequence[R]) -> R:
    """The run with the median of CPU time, the lower one of two."""
    return sorted(runs, key=lambda run: run.cpu_s)[(len(runs) - 1) // 2]
