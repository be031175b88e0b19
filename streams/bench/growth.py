"""``footfall bench growth``: does an event cost more where there are many shoppers, and what bounds the memory?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from streams.bench import crowd
from streams.bench.laboratory import Laboratory
from streams.bench.models import publish_models
from streams.bench.shop import Shop
from streams.bench.warm_up import warm_up
from streams.bench.worker_run import WorkerRun, run_worker
from streams.settings import Settings


@dataclass(frozen=True, kw_only=True)
class GrowthResult:
    events: int
    cpu_us: Mapping[int, float]
    """Microseconds of CPU an event, start-up included, by number of shoppers; without the sweep, which is once a day
    of event time and not of events."""
    hydrate_us: Mapping[int, float]
    sweep_us: Mapping[int, float]
    """Microseconds of the worker's CPU a shopper swept."""
    rss_bytes: Mapping[int, int]
    """Resident memory of a worker at its end, by ``FOOTFALL_PROFILE_CACHE_ROWS``, with most shoppers."""
    cpu_us_by_cache_rows: Mapping[int, float]

    @property
    def ratio(self) -> float:
        return self.cpu_us[max(self.cpu_us)] / self.cpu_us[min(self.cpu_us)]

    def to_json(self) -> dict[str, Any]:
        return {
            "events": self.events,
            "cpu_us_per_event_by_users": {str(users): round(us, 2) for users, us in self.cpu_us.items()},
            "hydrate_us_per_event_by_users": {str(users): round(us, 2) for users, us in self.hydrate_us.items()},
            "ratio": round(self.ratio, 2),
            "sweep_us_per_shopper_by_users": {str(users): round(us, 2) for users, us in self.sweep_us.items()},
            "rss_mb_by_cache_rows": {str(rows): round(rss / 2**20) for rows, rss in self.rss_bytes.items()},
            "cpu_us_per_event_by_cache_rows": {
                str(rows): round(us, 2) for rows, us in self.cpu_us_by_cache_rows.items()
            },
        }


def measure_growth(
    laboratory: Laboratory, *, events: int, few: int, many: int, small_cache: int, rounds: int
) -> GrowthResult:
    """As many events of few shoppers and of many, all of whom have profiles in the database; medians of ``rounds``."""
    warm_up(laboratory, users=few)
    here = _Growth(laboratory)
    here.prepare(few, events)
    here.prepare(many, events)
    default, all_rows = Settings().profile_cache_rows, 2 * many
    runs = [{users: here.run(users, events=events) for users in (few, many)} for _ in range(rounds)]
    by_cache = {rows: here.run(many, events=events, profile_cache_rows=rows) for rows in (small_cache, all_rows)}
    by_cache = {small_cache: by_cache[small_cache], default: runs[-1][many], all_rows: by_cache[all_rows]}
    return GrowthResult(
        events=events,
        cpu_us={users: median(_event_us(run[users]) for run in runs) for users in (few, many)},
        hydrate_us={users: median(_hydrate_us(run[users]) for run in runs) for users in (few, many)},
        sweep_us={users: median(_sweep_us(run[users]) for run in runs) for users in (few, many)},
        rss_bytes={rows: run.report["rss_bytes"] for rows, run in by_cache.items()},
        cpu_us_by_cache_rows={rows: _event_us(run) for rows, run in by_cache.items()},
    )


class _Growth:
    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory
        self._runs = 0

    def _crowd(self, users: int) -> Settings:
        return self._laboratory.settings(prefix=f"shop{users}", database=f"crowd{users}")

    def prepare(self, users: int, events: int) -> None:
        settings = self._crowd(users)
        crowd.populate(settings, users)
        self._laboratory.produce(settings, Shop(users=users), events)

    def run(self, users: int, *, events: int, **more: object) -> WorkerRun:
        """Run a worker in a database of its own."""
        self._runs += 1
        settings = self._laboratory.settings(prefix=f"shop{users}", database=f"run{self._runs}", **more)
        crowd.copy(settings, self._crowd(users))
        publish_models(settings, Shop(users=users))
        return run_worker(settings, self._laboratory.folder, events=events)


def _stage_s(run: WorkerRun, stage: str) -> float:
    return float(run.report["stages_s"].get(stage, 0.0))


def _event_us(run: WorkerRun) -> float:
    return 1e6 * (run.cpu_s - _stage_s(run, "sweep")) / run.events


def _hydrate_us(run: WorkerRun) -> float:
    return 1e6 * _stage_s(run, "hydrate") / run.events


def _sweep_us(run: WorkerRun) -> float:
    return 1e6 * _stage_s(run, "sweep") / max(int(run.report.get("swept", 0)), 1)
