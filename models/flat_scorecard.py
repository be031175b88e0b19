"""A scorecard as arrays, which scores n rows at a time and imports no River."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from models.errors import SnapshotRefused
from models.flat import Arrays, Flat, Floats, encode, logistic

FORM = "scorecard"


@dataclass(frozen=True)
class FlatScorecard:
    """The log-odds of features x are ``intercept`` and, of each feature, the value at x of the line through its points:
    those of feature f are ``knot`` and ``value`` from ``first[f]`` to ``first[f + 1]``. Beyond its outer knots a line
    is level."""

    intercept: float
    first: npt.NDArray[np.int32]  # (features + 1,)
    knot: Floats  # (points,), ascending within a feature
    value: Floats  # (points,)
    mean: Floats  # (features,): of each feature's value over the rows that were learnt

    @property
    def base(self) -> float:
        """The log-odds of a row each of whose features has its mean value."""
        return self.intercept + float(self.mean.sum())

    @classmethod
    def from_flat(cls, flat: Flat, n_features: int) -> FlatScorecard:
        """Of what :meth:`to_bytes` gave. Raises ``SnapshotRefused`` for another number of features."""
        arrays = flat.arrays
        shapes = {name: (array.shape, array.dtype.str) for name, array in arrays.items()}
        points = arrays["knot"].size if "knot" in arrays else 0
        expected = {"intercept": ((), "<f8"), "first": ((n_features + 1,), "<i4"), "mean": ((n_features,), "<f8")}
        expected |= dict.fromkeys(("knot", "value"), ((points,), "<f8"))
        if shapes != expected:
            raise SnapshotRefused(f"a flat model isn't a scorecard of {n_features} features: {shapes}")
        first = arrays["first"].astype(np.int32)
        knot, value, mean = (arrays[name].astype(np.float64) for name in ("knot", "value", "mean"))
        ascends = np.diff(knot) > 0
        ascends[first[1:-1][(first[1:-1] > 0) & (first[1:-1] < points)] - 1] = True  # from one feature to the next
        if first[0] != 0 or first[-1] != points or (np.diff(first) < 2).any() or not ascends.all():
            raise SnapshotRefused("a flat scorecard has features without two knots, or knots that don't ascend")
        return cls(float(arrays["intercept"]), first, knot, value, mean)

    def to_bytes(self) -> bytes:
        """As it is in a snapshot."""
        arrays: Arrays = {"first": self.first, "knot": self.knot, "value": self.value, "mean": self.mean}
        return encode(FORM, {"intercept": np.array(self.intercept, "<f8"), **arrays})

    def probability(self, features: npt.NDArray[np.floating]) -> Floats:
        """Of n rows, of shape (n, features), best in Fortran order: shape (n,); NaN where a feature is."""
        columns = np.ascontiguousarray(features.T)
        return logistic(_log_odds(columns, self.first, self.knot, self.value, self.intercept))

    def contributions(self, features: npt.NDArray[np.floating]) -> Floats:
        """Each feature's part in the log-odds of n rows, against the feature's mean part: shape (n, features). With
        ``base`` a row adds up to them."""
        columns = np.ascontiguousarray(features.T)
        return np.asarray(_values(columns, self.first, self.knot, self.value).T - self.mean)


@njit(cache=True, nogil=True)
def _log_odds(columns, first, knot, value, intercept):  # type: ignore[no-untyped-def]
    found = np.full(columns.shape[1], intercept)
    for feature in range(columns.shape[0]):
        for row in range(columns.shape[1]):
            found[row] += _value(columns[feature, row], first[feature], first[feature + 1], knot, value)
    return found


@njit(cache=True, nogil=True)
def _values(columns, first, knot, value):  # type: ignore[no-untyped-def]
    found = np.empty(columns.shape)
    for feature in range(columns.shape[0]):
        for row in range(columns.shape[1]):
            found[feature, row] = _value(columns[feature, row], first[feature], first[feature + 1], knot, value)
    return found


@njit(cache=True, nogil=True, inline="always")
def _value(x, start, end, knot, value):  # type: ignore[no-untyped-def]
    """The value at x of the line through the points from ``start`` to ``end``."""
    if x != x:
        return np.nan
    if x <= knot[start]:
        return value[start]
    if x >= knot[end - 1]:
        return value[end - 1]
    left, n = np.uint64(start), np.uint64(end - start)  # places that can't be negative
    while n > np.uint64(1):  # a search without jumps that depend on x, which a processor would guess wrong
        half = n >> np.uint64(1)
        left += half if knot[left + half] <= x else np.uint64(0)
        n -= half
    right = left + np.uint64(1)
    height = (x - knot[left]) / (knot[right] - knot[left])
    return value[left] * (1.0 - height) + value[right] * height
