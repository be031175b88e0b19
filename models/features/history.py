"""Readings of a view that several feature sets share. Each function takes n events' views and gives shape (n,)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.profiles.kernel import View
from models.profiles.state import FIRST_MS
from schemas.layout import MEASURES, SCALES_MS, TOTALS

DAY_MS = 86_400_000

_SCALE_INDEX = {name: index for index, name in enumerate(SCALES_MS)}

Column = npt.NDArray[np.float64]


def decayed(view: View, measure: str, scale: str) -> Column:
    return np.asarray(view.decayed[:, MEASURES.index(measure), _SCALE_INDEX[scale]])


def log_decayed(view: View, measure: str, scale: str) -> Column:
    """``log(1 + x)`` of a decayed sum, where it isn't negative, else 0."""
    return np.log1p(np.maximum(decayed(view, measure, scale), 0.0))


def total(view: View, name: str) -> Column:
    return np.asarray(view.totals[:, TOTALS.index(name)])


def since_d(view: View, which: int, ts: npt.NDArray[np.int64]) -> Column:
    """Days since one of the view's ``extremes_ms``; 0 where it never was, or is later."""
    at_ms = view.extremes_ms[:, which]
    return np.asarray(np.where(at_ms > 0, np.maximum(ts - at_ms, 0), 0) / DAY_MS)


def log_tenure_d(view: View, ts: npt.NDArray[np.int64]) -> Column:
    return np.asarray(np.log1p(since_d(view, FIRST_MS, ts)))


def is_new(view: View) -> Column:
    """1 where the profile had no event."""
    return np.asarray(view.extremes_ms[:, FIRST_MS] == 0, dtype=np.float64)


def ratio(part: Column, whole: Column) -> Column:
    """``part / whole``, 0 where the whole is; infinite where that is too much for a number."""
    with np.errstate(over="ignore"):
        return np.asarray(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0))
