"""Whether a model's losses rise, by ADWIN: a window that grows for as long as its older and newer parts agree, and else
loses the older (Bifet and Gavaldà, "Learning from time-changing data with adaptive windowing", SDM 2007)."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

CERTAIN = 0.01
"""Probabilities nearer to 0 or 1 count as that: a single loss is at most 4.6, and no outlier is a change."""


class Losses(NamedTuple):
    """Of a day, log loss in nats."""

    before: float
    """Mean of the window when the day began, NaN of the first."""
    after: float
    """Mean of the window at its end."""
    has_risen: bool


class LossWatch:
    """Takes in losses in the order in which their labels came; 1 µs each.

    Once they have risen it begins anew, so that one rise isn't told twice.
    """

    def __init__(self) -> None:
        # Imports River, which takes a second of CPU.
        from river.drift import ADWIN

        self._new = cast(Any, ADWIN)
        self._window = self._new()

    def day(self, label: npt.NDArray[np.integer], probability: npt.NDArray[np.floating]) -> Losses:
        """The next day's n labels, 0 or 1, in their order."""
        p = np.clip(probability.astype(np.float64), CERTAIN, 1 - CERTAIN)
        before = self._window.estimation if self._window.width else float("nan")
        has_changed = False
        for loss in (-np.log(np.where(label == 1, p, 1 - p))).tolist():
            self._window.update(loss)
            has_changed |= self._window.drift_detected
        found = Losses(before, self._window.estimation, has_changed and self._window.estimation > before)
        if found.has_risen:
            self._window = self._new()
        return found
