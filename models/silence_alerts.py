"""When a shopper's silence is an alert: once a silence, and only of one who has spent enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.scoring import SCORED, Scores
from models.sweep import DAY_MS

Times = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Told(NamedTuple):
    """What n shoppers' alerts of churn come to, those of their events included; each of shape (n,), 0 for never."""

    told_ms: Times  # event time of the latest alert
    rearmed_ms: Times  # when the score was last found well below the threshold


class Judged(NamedTuple):
    alert: Flags  # (n,)
    rearm: Flags  # (n,): from now on another silence may be told of


@dataclass(frozen=True, kw_only=True)
class SilenceRule:
    """A silence is told of at its first sweep at or above the threshold, and then no other until a sweep has found the
    score below the threshold less ``hysteresis``. An alert of the shopper's last active day is about this silence."""

    threshold: float
    hysteresis: float
    valuable_spent: float
    """Total spent from which a shopper's silence matters."""

    def judge(self, scores: Scores, *, spent: npt.NDArray[np.float64], last_ms: Times, told: Told) -> Judged:
        """Of n shoppers, by their scores, what they spent in all, and when their last event was."""
        scored = scores.state == SCORED
        probability = scores.probability.astype(np.float64)  # or the threshold would be rounded, too
        is_armed = (told.told_ms == 0) | (told.rearmed_ms > told.told_ms)
        is_told = told.told_ms >= last_ms // DAY_MS * DAY_MS
        above = scored & (probability >= self.threshold) & (spent >= self.valuable_spent)
        below = scored & (probability < self.threshold - self.hysteresis)
        return Judged(alert=above & is_armed & ~is_told, rearm=below & ~is_armed)
