"""How far the values of a day are from those of a reference before it.

The population stability index is the sum of (p - q) ln(p / q) over bins, where p and q are the parts of the day and of
the reference. By custom it is taken for a real change from 0.25 on. By chance alone it is about (bins - 1)(1/n + 1/m)
for n and m independent values, and chi-squared in that scale (Yurdakul, "Statistical properties of population stability
index", 2018), so of few values it has to be larger to mean anything.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

BINS = 10
_BY_CHANCE = 46.2
"""Chi-squared of ``BINS`` - 1 degrees of freedom that chance exceeds once in 2 million times: once in a hundred years
of 50 features a day."""


class Drift(NamedTuple):
    """NaN where there is nothing to compare."""

    psi: float
    threshold: float
    """From which it is drift: what was asked for, or what chance might bring."""

    @property
    def is_drift(self) -> bool:
        return self.psi >= self.threshold


def drift(values: npt.NDArray[np.floating], reference: npt.NDArray[np.floating], *, least: float) -> Drift:
    """Of n values against m of the reference, whose quantiles are the bins; values that aren't finite are left out.

    A value that many have, such as 0, has a bin of its own, which takes up those of the quantiles that fall on it.
    50 ms for a million values.
    """
    values, reference = values[np.isfinite(values)], reference[np.isfinite(reference)]
    n, m = len(values), len(reference)
    if not n or not m:
        return Drift(float("nan"), float("nan"))
    # A bin is what lies above one edge, up to the next and with it.
    edges = np.unique(np.quantile(reference, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    p, q = _parts(values, edges), _parts(reference, edges)
    psi = float((p - q) @ np.log(p / q))
    return Drift(psi, max(least, _BY_CHANCE * (1 / n + 1 / m)))


def _parts(values: npt.NDArray[np.floating], edges: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Of each bin, as if it had half a value more than it has: none is empty."""
    count = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1) + 0.5
    return np.asarray(count / count.sum(), dtype=np.float64)
