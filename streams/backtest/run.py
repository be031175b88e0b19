"""The loop. At each time at which models are renewed it learns what has got its label before, takes snapshots, and lets
the labels count for the risk of merchants and cards; then shoppers are swept, if it is midnight; then what happens
until the next such time is scored.

So a purchase at the very time of a label is scored before the label is learnt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from models.catalogue import KINDS, of_kind
from models.engine import Engine, Predictions, ScoredBatch
from models.partition import INSTRUMENTS, PartitionProfiles
from models.scoring import Scorer
from schemas.alerts import Kind
from schemas.batch import EventBatch
from streams.backtest.activity import DAY_MS, Activity
from streams.backtest.awaiting import Awaiting, Labelled, Scored
from streams.backtest.clock import Step
from streams.backtest.judged import Judged
from streams.backtest.online import OnlineModel


class AtMidnight(Protocol):
    """What looks at silent shoppers. It is called before anything of the day has happened."""

    def __call__(self, now_ms: int, backtest: Backtest) -> None: ...


class Backtest:
    """One run over a data set.

    Parameters
    ----------
    models
        What learns, by the catalogue's names. Of a kind without any, a model warms up for ever.
    engine
        What scores.
    watchers
        Called at each midnight (UTC) between the first event and the last.

    Attributes
    ----------
    judged
        Scores with their labels, by model.
    """

    def __init__(
        self, models: Mapping[str, OnlineModel], *, engine: Engine, watchers: Sequence[AtMidnight] = ()
    ) -> None:
        self.models = models
        self.engine = engine
        self.activity = Activity()
        self.profiles = PartitionProfiles(epoch=1, complete=True)
        self.judged = {name: Judged() for name in models}
        self.now_ms = 0
        self._watchers = watchers
        self._first_of: dict[Kind, str] = {}
        for name, model in models.items():
            self._first_of.setdefault(model.spec.kind, name)
        others = [of_kind(kind)[0] for kind in KINDS if kind not in self._first_of]
        self._idle = {spec.name: Scorer(spec, warm_up_examples=1) for spec in others}
        self._awaiting = {
            name: Awaiting(model.spec, self.activity if model.spec.kind == "churn" else None)
            for name, model in models.items()
        }
        self._tick = 0

    def run(self, steps: Iterable[Step]) -> None:
        """Raises as what the steps come from."""
        for step in steps:
            if step.at_ms > self.now_ms:
                self._advance(step.at_ms)
            self._score(step.events)
            for awaiting in self._awaiting.values():
                awaiting.tell(step.labels)

    def expect(self, model: str, scored: Sequence[Scored]) -> None:
        """Scores from elsewhere than events, which are to be learnt once they have their label."""
        self._awaiting[model].add(scored)

    def judge(self, model: str, labelled: Sequence[Labelled]) -> None:
        """Scores that got their label, which is the same for all models of a kind."""
        self.judged[model].add(labelled)

    def _advance(self, to_ms: int) -> None:
        if self.now_ms and self._watchers:
            for midnight in range((self.now_ms // DAY_MS + 1) * DAY_MS, to_ms + 1, DAY_MS):
                self._learn(midnight)
                for watch in self._watchers:
                    watch(midnight, self)
        self._learn(to_ms)

    def _learn(self, now_ms: int) -> None:
        self.now_ms = now_ms
        for name, model in self.models.items():
            labelled = self._awaiting[name].take(now_ms)
            model.learn(labelled, now_ms)
            self.judge(name, labelled)
            if name == self._first_of.get("fraud"):
                self._note_risks(labelled)

    def _note_risks(self, labelled: Sequence[Labelled]) -> None:
        ts = np.array([one.scored.ts for one in labelled], dtype=np.int64)
        is_fraud = np.array([one.label for one in labelled], dtype=np.bool_)
        for place, kind in enumerate(INSTRUMENTS):
            self.engine.risks.add(kind, [one.scored.named[place] for one in labelled], ts, is_fraud)

    def _score(self, events: EventBatch) -> None:
        if not len(events):
            return
        self._tick += 1
        self.profiles.missing(events)
        scorers = {name: model.scorer for name, model in self.models.items()} | self._idle
        scored = self.engine.score(events, self.profiles, scorers, tick=self._tick)
        self.activity.add(scored.events)
        for predictions in scored.predictions:
            for name in predictions.scores.keys() & self.models.keys():
                self.expect(name, _of(scored, predictions, name))


def _of(scored: ScoredBatch, predictions: Predictions, model: str) -> list[Scored]:
    rows = predictions.rows
    events = scored.events
    ts = events.ts[rows]
    columns = (
        events.user_id.take(rows).tolist(),
        events.event_id.take(rows).tolist(),
        ts.tolist(),
        ((ts // DAY_MS + 1) * DAY_MS).tolist(),
        predictions.due_ms.tolist(),
        predictions.scores[model].probability.tolist(),
        np.ascontiguousarray(predictions.features),
        events.amount[rows].tolist(),
        zip(*(getattr(events, kind).take(rows).tolist() for kind in INSTRUMENTS), strict=True),
    )
    return list(map(Scored, *columns))
