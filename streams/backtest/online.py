"""A model that learns online: learner, signed snapshots and scorer, as the worker and its learner have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.catalogue import ModelSpec
from models.learning import Learner
from models.scoring import Scorer, Scores
from models.snapshots import Flattened, Loaded, Snapshot, flattened, load, river_version, sign
from streams.backtest.awaiting import Labelled, Scored, examples

if TYPE_CHECKING:
    from river import compose

_KEY = "back-test"  # snapshots never leave the process


class Costs:
    """CPU time and how much was done in it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.rows = 0

    def add(self, seconds: float, rows: int) -> None:
        self.seconds += seconds
        self.rows += rows

    @property
    def microseconds(self) -> float:
        """A row."""
        return self.seconds / self.rows * 1e6 if self.rows else float("nan")


class OnlineModel:
    """One model, from nothing on.

    Parameters
    ----------
    warm_up_examples
        As of :class:`~models.scoring.Scorer`.
    pipeline
        Makes what learns. [default: the model's own]
    pinned
        Names of features that it sees as 0 always.

    Attributes
    ----------
    scorer
        Of the latest snapshot.
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        warm_up_examples: int,
        pipeline: Callable[[], compose.Pipeline] | None = None,
        pinned: Sequence[str] = (),
    ) -> None:
        self.spec = spec
        self.score_costs, self.learn_costs = Costs(), Costs()
        self._warm_up_examples = warm_up_examples
        self._pipeline = pipeline
        self._pinned = np.array([spec.features.names.index(name) for name in pinned], dtype=np.int64)
        self._snapshot: Snapshot | None = None
        self.scorer: Scorer = self._scorer(None)

    def learn(self, labelled: Sequence[Labelled], now_ms: int) -> None:
        """Learns what got its label, and takes the snapshot after it to score with. Nothing where there is none."""
        if not labelled:
            return
        learner = Learner(self.spec, self._parent())
        began = process_time()
        learner.learn(examples([one._replace(scored=self._without_pinned(one)) for one in labelled]))
        self.learn_costs.add(process_time() - began, len(labelled))
        self._snapshot = sign(learner.snapshot(created_ms=now_ms, considered_ms={0: now_ms}), _KEY)
        self.scorer = self._scorer(flattened(self._snapshot, _KEY, self.spec.features))

    def _parent(self) -> Loaded | None:
        if self._snapshot is not None:
            return load(self._snapshot, _KEY, self.spec.features)
        return Loaded(_untaught(self.spec), self._pipeline()) if self._pipeline else None

    def _scorer(self, snapshot: Flattened | None) -> Scorer:
        return _MeasuredScorer(
            self.spec,
            snapshot,
            warm_up_examples=self._warm_up_examples,
            pinned=self._pinned,
            costs=self.score_costs,
        )

    def _without_pinned(self, labelled: Labelled) -> Scored:
        scored = labelled.scored
        return scored._replace(features=_pinned(scored.features, self._pinned)) if len(self._pinned) else scored


class _MeasuredScorer(Scorer):
    """Pins features, and notes what scoring costs."""

    def __init__(
        self,
        spec: ModelSpec,
        snapshot: Flattened | None,
        *,
        warm_up_examples: int,
        pinned: npt.NDArray[np.int64],
        costs: Costs,
    ) -> None:
        super().__init__(spec, snapshot, warm_up_examples=warm_up_examples)
        self._pinned = pinned
        self._costs = costs

    def score(self, features: npt.NDArray[np.float32]) -> Scores:
        if len(self._pinned):
            features = _pinned(features, self._pinned)
        began = process_time()
        scores = super().score(features)
        if self.is_warm:
            self._costs.add(process_time() - began, len(features))
        return scores


def _pinned(features: npt.NDArray[np.float32], pinned: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """A copy with the columns ``pinned`` at 0, in the same order in memory."""
    features = features.copy(order="K")
    features[..., pinned] = 0.0
    return features


def _untaught(spec: ModelSpec) -> Snapshot:
    """What a pipeline that isn't the model's own begins with."""
    return Snapshot(
        name=spec.name,
        version=f"{spec.name}-{0:08}-{0:08}",
        parent="",
        created_ms=0,
        river_version=river_version(),
        feature_set=spec.features.fingerprint,
        features=spec.features.names,
        examples=0,
        positives=0,
        learnt_until_ms=0,
        metrics={},
        flat=b"",
    )
