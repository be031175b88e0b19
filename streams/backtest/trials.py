"""What each data set is tested for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.catalogue import of_kind
from models.engine import Engine
from models.metrics import calibration
from models.risk import RiskBook
from schemas.alerts import Kind
from streams.backtest.activity import DAY_MS
from streams.backtest.clock import Clock, until
from streams.backtest.cutoffs import Cutoff, CutoffTest
from streams.backtest.judged import overall
from streams.backtest.online import OnlineModel
from streams.backtest.periods import Length, Period, by_period
from streams.backtest.protocol import LABEL_DAYS, TEST_WEEKS, WEEK_DAYS, Week, week_of
from streams.backtest.run import AtMidnight, Backtest
from streams.backtest.sweeps import Sweeps
from streams.errors import Invalid
from streams.replay.sources import SOURCES
from streams.settings import Settings

if TYPE_CHECKING:
    from river import compose

HOUR_MS = 3_600_000
CUTOFFS = (("2011-06-11", 90), ("2011-09-09", 90), ("2011-11-09", 30))
"""Days of Online Retail, and horizons in days."""

Progressed = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is different from what serves."""

    pinned: Mapping[Kind, Sequence[str]] = field(default_factory=dict)
    """Features that models of a kind see as 0 always."""
    pipelines: Mapping[Kind, Callable[[], compose.Pipeline]] = field(default_factory=dict)
    """What learns, where it isn't the model's own."""


AS_SERVED = Choice()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a back-test found."""

    figures: Mapping[str, Any]
    """Anything that JSON holds, None for what isn't defined."""
    headline: Mapping[str, float]
    """The few figures by which two choices are compared."""
    periods: Mapping[str, Sequence[Period]]
    """By model."""
    models: Mapping[str, OnlineModel]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How a data set is run, and what is made of it.

    ``every_ms`` is the event time from one snapshot to the next, a part of a day; ``end_ms`` is where to stop.
    """

    source: str
    kinds: tuple[Kind, ...]
    every_ms: int
    period: Length
    judge: Callable[[Backtest, Sequence[AtMidnight]], tuple[dict[str, Any], dict[str, float]]]
    watchers: Callable[[Mapping[Kind, str]], list[AtMidnight]] = lambda names: []
    end_ms: int = np.iinfo(np.int64).max

    def run(
        self,
        path: Path | None,
        settings: Settings,
        *,
        choice: Choice = AS_SERVED,
        progress: Progressed = lambda position: None,
    ) -> Outcome:
        """Raises as the source does. ``progress`` is told how many events are through."""
        specs = {kind: of_kind(kind)[0] for kind in self.kinds}
        models = {
            spec.name: OnlineModel(
                spec,
                warm_up_examples=settings.warm_up_examples,
                pipeline=choice.pipelines.get(kind),
                pinned=choice.pinned.get(kind, ()),
            )
            for kind, spec in specs.items()
        }
        watchers = self.watchers({kind: spec.name for kind, spec in specs.items()})
        engine = Engine(churn_horizon_ms=int(settings.churn_horizon_days * DAY_MS), risks=RiskBook())
        backtest = Backtest(models, engine=engine, watchers=watchers)
        clock = Clock(every_ms=self.every_ms, duplicate_window=settings.duplicate_window)
        backtest.run(until(clock.steps(SOURCES[self.source].events(path)), self.end_ms, progress))
        figures, headline = self.judge(backtest, watchers)
        return Outcome(
            figures=without_nan(figures),
            headline=headline,
            periods={name: by_period(judged.scored(), self.period) for name, judged in backtest.judged.items()},
            models=models,
        )


def trial_of(source: str) -> Trial:
    """Raises ``Invalid`` where there is none."""
    if source not in TRIALS:
        raise Invalid(f"{source} can't be back-tested; what can is {', '.join(TRIALS)}")
    return TRIALS[source]


def without_nan(value: Any) -> Any:
    """The same with None for each number that JSON doesn't have."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _test_weeks(backtest: Backtest, watchers: Sequence[AtMidnight]) -> tuple[dict[str, Any], dict[str, float]]:
    (judged,) = backtest.judged.values()
    purchases = judged.columns()
    weeks: list[Week] = [week_of(purchases, start) for start in TEST_WEEKS]
    mean = {name: float(np.mean([getattr(week, name) for week in weeks])) for name in ("auc", "ap", "cp100")}
    return {"weeks": [asdict(week) for week in weeks], "mean": mean}, mean


def _cutoffs(backtest: Backtest, watchers: Sequence[AtMidnight]) -> tuple[dict[str, Any], dict[str, float]]:
    found: list[Cutoff] = [test.result(backtest.activity) for test in watchers if isinstance(test, CutoffTest)]
    mean = {name: float(np.mean([getattr(one, name) for one in found])) for name in ("auc", "ap", "brier")}
    return {"cutoffs": [asdict(one) for one in found]}, mean


def _overall(backtest: Backtest, watchers: Sequence[AtMidnight]) -> tuple[dict[str, Any], dict[str, float]]:
    figures: dict[str, dict[str, Any]] = {}
    for name, judged in backtest.judged.items():
        scored = judged.scored()
        bins = [one._asdict() for one in calibration(scored.label, scored.score)]
        figures[name] = overall(scored) | {"calibration": bins}
    headline = {f"{name} {of}": figures[name][of] for name in figures for of in ("auc", "ap", "brier")}
    return {"models": figures}, headline


def _sweeps(names: Mapping[Kind, str]) -> list[AtMidnight]:
    return [Sweeps(names["churn"])]


def _sweeps_and_cutoffs(names: Mapping[Kind, str]) -> list[AtMidnight]:
    return [*(CutoffTest(names["churn"], day, horizon) for day, horizon in CUTOFFS), Sweeps(names["churn"])]


def _end_of_labels(week: str) -> int:
    """When the last label of a test week is learnt."""
    return int(np.datetime64(week, "ms").astype(np.int64)) + (WEEK_DAYS + LABEL_DAYS + 1) * DAY_MS


TRIALS = {
    trial.source: trial
    for trial in (
        Trial(
            source="fraud-handbook",
            kinds=("fraud",),
            every_ms=HOUR_MS,
            period="week",
            judge=_test_weeks,
            end_ms=_end_of_labels(TEST_WEEKS[-1]),
        ),
        Trial(
            source="online-retail",
            kinds=("churn",),
            every_ms=DAY_MS,
            period="month",
            judge=_cutoffs,
            watchers=_sweeps_and_cutoffs,
        ),
        Trial(
            source="jsonl",
            kinds=("fraud", "churn"),
            every_ms=HOUR_MS,
            period="week",
            judge=_overall,
            watchers=_sweeps,
        ),
    )
}
