"""A linear model as arrays, which scores n rows at a time and imports no River."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from models.errors import SnapshotRefused
from models.flat import Flat, Floats, encode, logistic

FORM = "linear"


@dataclass(frozen=True)
class FlatLinear:
    """The log-odds of features x are ``intercept`` and, of each feature f, ``weight[f] * (x[f] - mean[f])``."""

    intercept: float
    weight: Floats  # (features,): of the features as they are, not scaled
    mean: Floats  # (features,): of each feature over the rows that were learnt

    @property
    def base(self) -> float:
        """The log-odds of a row each of whose features has its mean value."""
        return self.intercept

    @classmethod
    def from_flat(cls, flat: Flat, n_features: int) -> FlatLinear:
        """Of what :meth:`to_bytes` gave. Raises ``SnapshotRefused`` for another number of features."""
        shapes = {name: (array.shape, array.dtype.str) for name, array in flat.arrays.items()}
        if shapes != {"intercept": ((), "<f8"), **dict.fromkeys(("weight", "mean"), ((n_features,), "<f8"))}:
            raise SnapshotRefused(f"a flat model isn't a linear one of {n_features} features: {shapes}")
        weight, mean = (flat.arrays[name].astype(np.float64) for name in ("weight", "mean"))
        return cls(float(flat.arrays["intercept"]), weight, mean)

    def to_bytes(self) -> bytes:
        """As it is in a snapshot."""
        return encode(FORM, {"intercept": np.array(self.intercept, "<f8"), "weight": self.weight, "mean": self.mean})

    def probability(self, features: npt.NDArray[np.floating]) -> Floats:
        """Of n rows, of shape (n, features), best in Fortran order: shape (n,); NaN where a feature is."""
        return logistic(_log_odds(np.ascontiguousarray(features.T), self.weight, self.mean, self.intercept))

    def contributions(self, features: npt.NDArray[np.floating]) -> Floats:
        """Each feature's part in the log-odds of n rows, against the feature's mean: shape (n, features). With ``base``
        a row adds up to them."""
        return np.asarray((features - self.mean) * self.weight)


@njit(cache=True, nogil=True)
def _log_odds(columns, weight, mean, intercept):  # type: ignore[no-untyped-def]
    """One feature after the other, so that a row's sum is the same in every batch."""
    found = np.full(columns.shape[1], intercept)
    for feature in range(columns.shape[0]):
        for row in range(columns.shape[1]):
            found[row] += weight[feature] * (columns[feature, row] - mean[feature])
    return found
