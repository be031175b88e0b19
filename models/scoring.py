"""Scoring: a matrix of features to probabilities, all rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.catalogue import ModelSpec
from models.reasons import Reasons, none, strongest
from models.snapshots import Flattened
from schemas.alerts import Kind, Reason

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

    def take(self, rows: npt.NDArray[np.intp]) -> Scores:
        """Of some of the rows."""
        return Scores(self.state[rows], self.probability[rows], self.version)


class Scorer:
    """A model as one snapshot has it. Changes nothing when it scores, so threads may share it.

    Parameters
    ----------
    spec
        The model.
    flattened
        Its snapshot, ``None`` before there is one.
    warm_up_examples
        A model that has learnt fewer, or only one class, is warming up and gives no probabilities.
    """

    def __init__(self, spec: ModelSpec, flattened: Flattened | None = None, *, warm_up_examples: int) -> None:
        self.spec = spec
        snapshot = flattened.snapshot if flattened else None
        self._model = flattened.model if flattened else None
        self.version = snapshot.version if snapshot else ""
        self.is_warm = snapshot is not None and (
            snapshot.examples >= warm_up_examples and 0 < snapshot.positives < snapshot.examples
        )

    def score(self, features: npt.NDArray[np.float32]) -> Scores:
        """Scores n rows, of shape (n, features): 0.4 to 1 µs of CPU a row of 48 features.

        A row for which the model has no finite answer, because a feature is NaN, is ``NOT_SCORED``.
        """
        n = len(features)
        if self._model is None or not self.is_warm:
            return Scores(np.full(n, WARMING_UP, np.uint8), np.full(n, np.nan, np.float32), self.version)
        if n == 0:
            return Scores(np.empty(0, np.uint8), np.empty(0, np.float32), self.version)
        probability = self._model.probability(features).astype(np.float32)
        state = np.where(np.isfinite(probability), SCORED, NOT_SCORED).astype(np.uint8)
        return Scores(state, probability, self.version)

    @property
    def base(self) -> float:
        """The log-odds that all contributions add to, 0 before the first snapshot."""
        return self._model.base if self._model else 0.0

    def reasons(self, features: npt.NDArray[np.float32]) -> Reasons:
        """What raised the score of each of n rows most; nothing before the first snapshot. 0.5 µs of CPU a row."""
        names = self.spec.features.names
        if self._model is None:
            return none(names, len(features))
        return strongest(names, features, self._model.contributions(features))

    def explain(self, features: npt.NDArray[np.float32]) -> list[list[Reason]]:
        """The same as lists, for few rows."""
        return self.reasons(features).listed()


def champions(scorers: Mapping[str, Scorer]) -> dict[Kind, Scorer]:
    """The champion of each kind: of ``scorers``, by name, the first of it."""
    first: dict[Kind, Scorer] = {}
    for scorer in scorers.values():
        first.setdefault(scorer.spec.kind, scorer)
    return first


def ranked(scorers: Mapping[str, Scorer], kind: Kind) -> list[Scorer]:
    """The models of a kind, its champion first: of ``scorers``, by name, the first of a kind is its champion."""
    return [scorer for scorer in scorers.values() if scorer.spec.kind == kind]
