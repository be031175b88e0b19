"""What processes take of memory over time, and whether it grows."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psutil

_SLOPES = 200
"""Samples of which all pairs are taken."""
_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Of one process while it was watched, by the line through its samples."""

    samples: int
    seconds: float
    mib: float
    """In the median."""
    mib_per_min: float

    @property
    def share(self) -> float:
        """What came to it in that time, as a share of what it had."""
        return self.mib_per_min * self.seconds / 60 / self.mib if self.mib else 0.0


class Memory:
    """Resident memory of processes, by their names."""

    def __init__(self) -> None:
        self._samples: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def sample(self, pids: Mapping[str, int | None]) -> None:
        """Of processes that are there."""
        now_s = time.monotonic()
        for name, pid in pids.items():
            try:
                if pid is not None:
                    self._samples[name].append((now_s, psutil.Process(pid).memory_info().rss / _MIB))
            except psutil.NoSuchProcess:
                continue

    def peak_mib(self) -> dict[str, float]:
        return {name: max(mib for _, mib in samples) for name, samples in self._samples.items()}

    def growth(self, name: str, since_s: float) -> Growth | None:
        """From a time of ``monotonic`` on; None where there are no two samples."""
        return growth_of([sample for sample in self._samples.get(name, []) if sample[0] >= since_s])


def growth_of(samples: Sequence[tuple[float, float]]) -> Growth | None:
    """Of seconds and MiB, in the order of time: by the median of the slopes between all pairs of samples, of some where
    there are many (Theil 1950, Sen 1968). None for fewer than two."""
    if len(samples) < 2:
        return None
    taken = np.array(samples)  # (n, 2)
    at = taken[np.unique(np.linspace(0, len(taken) - 1, _SLOPES).astype(int))]
    first, second = np.triu_indices(len(at), k=1)
    rise = at[second] - at[first]  # (pairs, 2)
    return Growth(
        samples=len(taken),
        seconds=float(taken[-1, 0] - taken[0, 0]),
        mib=float(np.median(taken[:, 1])),
        mib_per_min=60 * float(np.median(rise[:, 1] / rise[:, 0])),
    )
