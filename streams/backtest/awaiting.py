"""Scores that wait for their label, as ``streams.learner`` has them from ClickHouse: told by events, or by silence.

Of several labels for one score that come before it is learnt the last by event time counts. A label that comes before
its score waits for it; one for what has been learnt changes nothing. Acknowledgements of alerts say nothing here: no
alerts were raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.catalogue import ModelSpec
from models.examples import Examples
from schemas.alerts import Kind
from schemas.batch import EventBatch
from schemas.events import ChurnLabel, FraudLabel
from streams.backtest.activity import Activity

_LABELS: dict[Kind, tuple[int, str]] = {"fraud": (FraudLabel.code, "fraud"), "churn": (ChurnLabel.code, "churned")}
"""By kind: the type of its labels, and the verdict that is positive."""

_Identity = tuple[str, str]  # user_id, event_id


class Scored(NamedTuple):
    """One score and what it was made of."""

    user_id: str
    event_id: str
    ts: int
    active_from_ms: int
    """The midnight from which on activity counts."""
    due_ms: int
    score: float
    features: npt.NDArray[np.float32]  # (features,)
    amount: float = 0.0
    """Of the event: what was paid."""
    named: Sequence[str] = ()
    """Of a purchase, by ``INSTRUMENTS``: what it was paid with and to whom, empty where it doesn't say."""


class Labelled(NamedTuple):
    scored: Scored
    label: bool


class Awaiting:
    """The scores of one model.

    Parameters
    ----------
    activity
        By which silence is told, ``None`` where only label events count.
    """

    def __init__(self, spec: ModelSpec, activity: Activity | None) -> None:
        self._type, self._positive = _LABELS[spec.kind]
        self._activity = activity
        self._scored: dict[_Identity, Scored] = {}
        self._due: list[tuple[int, _Identity]] = []  # a heap
        self._told: dict[_Identity, tuple[int, bool]] = {}  # event time and label, by when it was first told

    def add(self, scored: Sequence[Scored]) -> None:
        for one in scored:
            identity = one.user_id, one.event_id
            self._scored[identity] = one
            if self._activity is not None:
                heappush(self._due, (one.due_ms, identity))

    def tell(self, labels: EventBatch) -> None:
        """Takes label events in, of any kind."""
        rows = np.flatnonzero(labels.type == self._type)
        columns = (labels.user_id, labels.target, labels.verdict)
        users, targets, verdicts = (column.take(rows).tolist() for column in columns)
        for user, target, verdict, ts in zip(users, targets, verdicts, labels.ts[rows].tolist(), strict=True):
            told = self._told.get((user, target))
            if told is None or ts >= told[0]:
                self._told[user, target] = ts, verdict == self._positive

    def take(self, before_ms: int) -> list[Labelled]:
        """Those whose label is known by ``before_ms``, in the order in which they are to be learnt."""
        found = []
        for identity in [identity for identity in self._told if identity in self._scored]:
            found.append(Labelled(self._scored.pop(identity), self._told.pop(identity)[1]))
        while self._due and self._due[0][0] < before_ms:
            scored = self._scored.pop(heappop(self._due)[1], None)
            if scored is not None and self._activity is not None:
                active = self._activity.within(scored.user_id, scored.active_from_ms, scored.due_ms)
                found.append(Labelled(scored, not active))
        return found


def examples(labelled: Sequence[Labelled]) -> Examples:
    """At least one."""
    scored = [one.scored for one in labelled]
    return Examples(
        user_id=[one.user_id for one in scored],
        event_id=[one.event_id for one in scored],
        due_ms=np.array([one.due_ms for one in scored], dtype=np.int64),
        label=np.array([one.label for one in labelled], dtype=np.bool_),
        score=np.array([one.score for one in scored], dtype=np.float32),
        features=np.stack([one.features for one in scored]),
    )
