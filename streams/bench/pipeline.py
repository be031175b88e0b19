"""``footfall bench pipeline``: what the worker takes an event, with a challenger of each kind and without, and what a
plain Faust agent takes for the same without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

from streams.bench.breakdown import breakdown
from streams.bench.laboratory import Laboratory
from streams.bench.load import Load
from streams.bench.models import challenge, publish_models, scores_by_model
from streams.bench.plain_run import PlainRun, run_plain_worker
from streams.bench.warm_up import warm_up
from streams.bench.worker_run import WorkerRun, run_idle_worker, run_worker
from streams.settings import Settings

R = TypeVar("R", WorkerRun, PlainRun)


@dataclass(frozen=True, kw_only=True)
class PipelineResult:
    events: int
    plain_events: int
    rounds: int
    models: Sequence[str]
    """That scored: of each kind the champion and one challenger."""
    worker_us: float
    """Microseconds of CPU an event, start-up included; as is ``plain_us``, with its start-up over as many events."""
    champions_us: float
    """The same without challengers."""
    plain_us: float
    events_per_s: float
    plain_events_per_s: float
    start_up_s: float
    parts: Mapping[str, float]

    @property
    def ratio(self) -> float:
        return self.plain_us / self.worker_us

    @property
    def challengers_ratio(self) -> float:
        """With challengers, of the time without."""
        return self.worker_us / self.champions_us

    def to_json(self) -> dict[str, Any]:
        return {
            "models": len(self.models),
            "model_names": list(self.models),
            "worker_cpu_us_per_event": round(self.worker_us, 2),
            "champions_cpu_us_per_event": round(self.champions_us, 2),
            "challengers_ratio": round(self.challengers_ratio, 3),
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
    laboratory: Laboratory, load: Load, *, events: int, plain_events: int, users: int, rounds: int
) -> PipelineResult:
    """Medians of ``rounds``, in each of which the worker, the worker without challengers and the plain worker run one
    after the other.

    Raises ``Fatal`` where a challenger didn't score what its champion did.
    """
    warm_up(laboratory, users=users)
    bench = _Bench(laboratory, load)
    # The start-up of a plain worker is what it takes for one event.
    for topics, n in {"idle": 0, "shop": events, "one": 1, "plain": plain_events}.items():
        bench.produce(topics, n)
    runs, alone, idles, plains, plain_idles = [], [], [], [], []
    for number in range(1, rounds + 1):
        idles.append(bench.worker("idle", number, 0))
        runs.append(bench.worker("shop", number, events))
        alone.append(bench.worker("shop", number, events, challengers=False))
        plain_idles.append(bench.plain_worker("one", number, 1))
        plains.append(bench.plain_worker("plain", number, plain_events))
    run, idle = _middle(runs), _middle(idles)
    plain_start_up_s = _middle(plain_idles).cpu_s
    plain_work_us = 1e6 * (_middle(plains).cpu_s - plain_start_up_s) / plain_events
    return PipelineResult(
        events=events,
        plain_events=plain_events,
        rounds=rounds,
        models=bench.models,
        worker_us=run.cpu_us_per_event,
        champions_us=_middle(alone).cpu_us_per_event,
        plain_us=plain_work_us + 1e6 * plain_start_up_s / events,
        events_per_s=median(run.events_per_s for run in runs),
        plain_events_per_s=median(plain.events_per_s for plain in plains),
        start_up_s=idle.cpu_s,
        parts=breakdown(run, idle),
    )


class _Bench:
    def __init__(self, laboratory: Laboratory, load: Load) -> None:
        self.models: Sequence[str] = ()  # those that scored in the last run
        self._laboratory = laboratory
        self._load = load

    def produce(self, topics: str, n: int) -> None:
        self._laboratory.produce(self._laboratory.settings(prefix=topics, database="default"), self._load, n)

    def worker(self, topics: str, number: int, events: int, *, challengers: bool = True) -> WorkerRun:
        settings = self._settings(topics, f"{topics}_{number}" if challengers else f"{topics}_alone_{number}")
        if challengers:
            challenge(settings)
        if not events:
            return run_idle_worker(settings, self._laboratory.folder)
        run = run_worker(settings, self._laboratory.folder, events=events)
        scored = scores_by_model(settings)
        if challengers:
            self.models = list(scored)
        return run

    def plain_worker(self, topics: str, number: int, events: int) -> PlainRun:
        return run_plain_worker(self._settings(topics, f"{topics}_{number}"), self._laboratory.folder, events=events)

    def _settings(self, topics: str, database: str) -> Settings:
        """Of a run: a group and a database of its own, with models that score."""
        settings = self._laboratory.settings(prefix=topics, database=database)
        publish_models(settings, self._load)
        return settings


def _middle(runs: Sequence[R]) -> R:
    """The run with the median of CPU time, the lower one of two."""
    return sorted(runs, key=lambda run: run.cpu_s)[(len(runs) - 1) // 2]
