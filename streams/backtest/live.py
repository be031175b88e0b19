"""``footfall backtest live``: what a candidate would have changed, had it been champion over the last days.

The events and labels in ClickHouse go through what scores and learns once more, in event time, for the champion and the
candidate side by side. Both begin from nothing with the history before these days, as a model that was never a
challenger has no scores of its own. So the champion's aren't those that were given: its snapshots came at other times.

Two things are not as in the workers: merchants, cards, devices and addresses have one profile each, rather than one a
partition, and a label counts from the next full hour on.

In memory are the profiles, about 1.4 kB each, the predictions that wait for a label, and the scores of these days.
Events are read a block at a time. Where many purchases never get a label, less history is less memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.catalogue import MODELS
from models.engine import Engine
from models.risk import RiskBook
from schemas.alerts import Kind
from streams.backtest import tables
from streams.backtest.activity import DAY_MS
from streams.backtest.awaiting import Labelled, Scored
from streams.backtest.changes import NEGATIVE, POSITIVE, UNLABELLED, Group, Pairs, changes
from streams.backtest.clock import Clock, until
from streams.backtest.judged import overall
from streams.backtest.online import OnlineModel
from streams.backtest.run import Backtest
from streams.backtest.trials import HOUR_MS, without_nan
from streams.clickhouse.reader import Reader
from streams.decisions import lineups
from streams.errors import Invalid
from streams.settings import Settings

Bar = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Given the number of events in all, a context with what is told of the events done."""

_NO_END = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class LiveOutcome:
    """What the candidate would have changed."""

    days: int
    kind: Kind
    champion: str
    candidate: str
    threshold: float
    pairs: Pairs
    """Of all predictions of these days, which get a label or have got one."""
    metrics: Mapping[str, Mapping[str, Any]]
    """By ``champion`` and ``candidate``, of the scores that got their label."""

    @property
    def changes(self) -> dict[str, Group]:
        """By ``gained``, ``lost`` and ``kept``."""
        return changes(self.pairs, threshold=self.threshold)

    def to_json(self) -> dict[str, Any]:
        found = self.changes
        return {
            "days": self.days,
            "candidate": self.candidate,
            "champion": self.champion,
            "kind": self.kind,
            "threshold": self.threshold,
            "predictions": len(self.pairs.label),
            "alerts": {name: sum(group.alerts.values()) for name, group in found.items()},
            "alerts_by_label": {name: group.alerts for name, group in found.items()},
            "money": {name: group.money for name, group in found.items()},
            "metrics": without_nan(dict(self.metrics)),
        }


class SideBySide(Backtest):
    """A back-test of two models of a kind that notes both scores of every prediction from ``from_ms`` on.

    Takes about 250 bytes a prediction until its label comes, 25 from then on.
    """

    def __init__(self, champion: OnlineModel, candidate: OnlineModel, *, engine: Engine, from_ms: int) -> None:
        super().__init__({model.spec.name: model for model in (champion, candidate)}, engine=engine)
        self._champion, self._candidate = champion.spec.name, candidate.spec.name
        self._from_ms = from_ms
        self._row: dict[tuple[str, str], int] = {}  # of those without a label, by user_id and event_id
        self._scores = {self._champion: array("d"), self._candidate: array("d")}
        self._amount, self._label = array("d"), array("b")

    def expect(self, model: str, scored: Sequence[Scored]) -> None:
        super().expect(model, scored)
        inside = [one for one in scored if one.ts >= self._from_ms]
        self._scores[model].extend(one.score for one in inside)
        if model == self._champion:
            first = len(self._amount)
            self._row |= {(one.user_id, one.event_id): row for row, one in enumerate(inside, first)}
            self._amount.extend(one.amount for one in inside)
            self._label.extend([UNLABELLED] * len(inside))

    def judge(self, model: str, labelled: Sequence[Labelled]) -> None:
        inside = [one for one in labelled if one.scored.ts >= self._from_ms]
        super().judge(model, inside)
        if model == self._champion:
            for one in inside:
                row = self._row.pop((one.scored.user_id, one.scored.event_id))
                self._label[row] = POSITIVE if one.label else NEGATIVE

    def pairs(self) -> Pairs:
        return Pairs(
            champion=np.array(self._scores[self._champion]),
            candidate=np.array(self._scores[self._candidate]),
            amount=np.array(self._amount),
            label=np.array(self._label, dtype=np.int8),
        )

    def metrics(self) -> dict[str, dict[str, Any]]:
        names = {"champion": self._champion, "candidate": self._candidate}
        return {role: overall(self.judged[name].scored()) for role, name in names.items()}


def backtest_live(
    settings: Settings,
    *,
    days: int,
    candidate: str,
    history_days: int | None = None,
    threshold: float | None = None,
    bar: Bar = lambda total: nullcontext(lambda done: None),
) -> LiveOutcome:
    """The last ``days`` up to the latest event, after all the history there is or ``history_days`` of it. Blocks.

    ``threshold`` is that from which alerts go out. [default: the one in force]

    Raises ``Invalid`` for a candidate that there isn't or that is champion, and where there is nothing to score.
    """
    if candidate not in MODELS:
        raise Invalid(f"there is no model {candidate!r}; there are {', '.join(MODELS)}")
    kind = MODELS[candidate].kind
    with closing(Reader(settings)) as reader:
        champion = lineups(reader)[kind].champion
        if candidate == champion:
            raise Invalid(f"{candidate} is the champion of {kind} already: there is nothing to compare it with")
        span = tables.span(reader)
        if not span.events:
            raise Invalid("there are no events in ClickHouse to run over")
        from_ms = span.last_ms + 1 - days * DAY_MS
        first_ms = span.first_ms if history_days is None else max(span.first_ms, from_ms - history_days * DAY_MS)
        total = tables.count(reader, first_ms)
    one, other = (
        OnlineModel(MODELS[name], warm_up_examples=settings.warm_up_examples) for name in (champion, candidate)
    )
    engine = Engine(churn_horizon_ms=int(settings.churn_horizon_days * DAY_MS), risks=RiskBook())
    backtest = SideBySide(one, other, engine=engine, from_ms=from_ms)
    # The tables have an event once, so nothing is left for a window of duplicates.
    clock = Clock(every_ms=HOUR_MS, duplicate_window=0)
    with bar(total) as progress:
        backtest.run(until(clock.cut(tables.parts(settings, first_ms)), _NO_END, progress))
    pairs = backtest.pairs()
    if not len(pairs.label):
        raise Invalid(f"there is nothing to score for {kind}: no purchase among the events of the last {days} days")
    return LiveOutcome(
        days=days,
        kind=kind,
        champion=champion,
        candidate=candidate,
        threshold=_threshold(settings, kind) if threshold is None else threshold,
        pairs=pairs,
        metrics=backtest.metrics(),
    )


def _threshold(settings: Settings, kind: Kind) -> float:
    return {"fraud": settings.fraud_threshold, "churn": settings.churn_threshold}[kind]
