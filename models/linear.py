"""A scaled linear model flattened to arrays, once when it is loaded.

River's ``predict_proba_many`` goes through a data frame and dictionaries: about 1 ms a call, however few the rows.
Flattened it is one product of a matrix and a vector: 7 µs a call, and 0.02 µs a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from river import compose, linear_model, preprocessing


@dataclass(frozen=True)
class Linear:
    """The log-odds of features x are ``base + sum(weight * (x - mean))``."""

    base: float
    mean: npt.NDArray[np.float64]  # (features,)
    weight: npt.NDArray[np.float64]  # (features,)

    @classmethod
    def of(cls, pipeline: compose.Pipeline, names: Sequence[str]) -> Linear | None:
        """Of a River ``StandardScaler | LogisticRegression``; ``None`` of any other pipeline."""
        steps = list(pipeline.steps.values())
        if [type(step) for step in steps] != [preprocessing.StandardScaler, linear_model.LogisticRegression]:
            return None
        scaler, model = steps
        mean = np.array([scaler.means.get(name, 0.0) for name in names])
        deviation = np.sqrt([scaler.vars.get(name, 0.0) for name in names])
        weight = np.array([model.weights.get(name, 0.0) for name in names])
        # As transform_many does: a feature that never varied is centred only.
        return cls(float(model.intercept), mean, weight / np.where(deviation > 0, deviation, 1.0))

    def probability(self, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Of n rows, of shape (n, features): shape (n,)."""
        log_odds = features @ self.weight + (self.base - self.mean @ self.weight)
        with np.errstate(over="ignore"):  # log-odds below -700: a probability of 0
            return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))

    def contributions(self, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Each feature's part in the log-odds of n rows: shape (n, features). With ``base`` a row adds up to them."""
        return np.asarray((features - self.mean) * self.weight)
