"""Scoring: a matrix of features to probabilities, all rows at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from river import compose

from models.catalogue import ModelSpec
from models.linear import Linear
from models.phrases import said
from models.snapshots import Loaded
from schemas.alerts import Reason

NOT_SCORED = 0
WARMING_UP = 1
SCORED = 2
"""States of a score, as they are in the tables."""


class Scores(NamedTuple):
    """n scores by the model ``version``, empty before its first snapshot."""

    state: npt.NDArray[np.uint8]
    probability: npt.NDArray[np.float32]
    """NaN unless the state is ``SCORED``."""
    version: str


class Scorer:
    """A model as one snapshot has it. Changes nothing when it scores, so threads may share it.

    Parameters
    ----------
    spec
        The model.
    loaded
        Its snapshot, ``None`` before there is one.
    warm_up_examples
        A model that has learnt fewer, or only one class, is warming up and gives no probabilities.
    """

    def __init__(self, spec: ModelSpec, loaded: Loaded | None = None, *, warm_up_examples: int) -> None:
        self.spec = spec
        self.version = loaded.snapshot.version if loaded else ""
        self._pipeline = loaded.pipeline if loaded else None
        self._linear = Linear.of(loaded.pipeline, spec.features.names) if loaded else None
        self._columns = pd.Index(spec.features.names)
        self.is_warm = loaded is not None and (
            loaded.snapshot.examples >= warm_up_examples and 0 < loaded.snapshot.positives < loaded.snapshot.examples
        )

    def score(self, features: npt.NDArray[np.float32]) -> Scores:
        """Scores n rows, of shape (n, features): 0.02 µs of CPU a row with a linear model of 30 features.

        A row for which the model has no finite answer, because a feature is NaN, is ``NOT_SCORED``.
        """
        n = len(features)
        if self._pipeline is None or not self.is_warm:
            return Scores(np.full(n, WARMING_UP, np.uint8), np.full(n, np.nan, np.float32), self.version)
        if n == 0:
            return Scores(np.empty(0, np.uint8), np.empty(0, np.float32), self.version)
        probability = self._probability(self._pipeline, features).astype(np.float32)
        state = np.where(np.isfinite(probability), SCORED, NOT_SCORED).astype(np.uint8)
        return Scores(state, probability, self.version)

    def explain(self, features: npt.NDArray[np.float32], top: int = 3) -> list[list[Reason]]:
        """What raised the score of each of m rows most, strongest first: at most ``top`` reasons a row.

        Features that lowered a score are none of its reasons. There are none before the first snapshot, and of a model
        that isn't a scaled linear one.
        """
        if self._linear is None:
            return [[] for _ in features]
        parts = self._linear.contributions(features)
        strongest = np.argsort(-parts, axis=1, kind="stable")[:, :top]  # (m, top)
        return [
            [self._reason(feature, row, part) for feature in order if part[feature] > 0]
            for row, part, order in zip(features, parts, strongest, strict=True)
        ]

    def _reason(self, index: int, row: npt.NDArray[np.float32], parts: npt.NDArray[np.float64]) -> Reason:
        name, value = self.spec.features.names[index], float(row[index])
        return Reason(name, value, float(parts[index]), said(name, value))

    def _probability(self, pipeline: compose.Pipeline, features: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
        if self._linear is not None:
            return self._linear.probability(features)
        # One block, not copied: 6 µs at 4,000 rows.
        frame = pd.DataFrame(features, columns=self._columns, copy=False)
        return np.asarray(pipeline.predict_proba_many(frame)[True])
