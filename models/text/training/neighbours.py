"""Whether vectors that are near each other are of texts about the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_CHUNK = 1_024


def same_neighbours(vectors: npt.NDArray[np.float32], kinds: npt.NDArray[Any], count: int) -> float:
    """Share of each text's ``count`` nearest others that are of its kind. ``vectors`` (n, k) are of length 1."""
    shares = []
    for start in range(0, len(vectors), _CHUNK):
        cosines = vectors[start : start + _CHUNK] @ vectors.T
        own = np.arange(len(cosines))
        cosines[own, start + own] = -np.inf
        nearest = np.argpartition(-cosines, count, axis=1)[:, :count]
        shares.append((kinds[nearest] == kinds[start + own][:, None]).mean(axis=1))
    return float(np.concatenate(shares).mean())
