"""Scores that got their label, in columns: 25 bytes each."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.metrics import average_precision, brier, log_loss, roc_auc
from streams.backtest.awaiting import Labelled


class Columns(NamedTuple):
    """n scores with their labels."""

    ts: npt.NDArray[np.int64]
    """Event time of what was scored."""
    shopper: npt.NDArray[np.int64]
    """A code for each, in the order in which they came."""
    label: npt.NDArray[np.bool_]
    score: npt.NDArray[np.float64]
    """NaN where the model was warming up."""

    def where(self, keep: npt.NDArray[np.bool_]) -> Columns:
        return Columns._make(column[keep] for column in self)


class Judged:
    """Of one model, in the order in which they were learnt."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._ts, self._shopper = array("q"), array("q")
        self._label, self._score = array("b"), array("d")

    def __len__(self) -> int:
        return len(self._ts)

    def add(self, labelled: Sequence[Labelled]) -> None:
        self._ts.extend(one.scored.ts for one in labelled)
        self._shopper.extend(self._codes.setdefault(one.scored.user_id, len(self._codes)) for one in labelled)
        self._label.extend(one.label for one in labelled)
        self._score.extend(one.scored.score for one in labelled)

    def columns(self) -> Columns:
        return Columns(
            np.array(self._ts, dtype=np.int64),
            np.array(self._shopper, dtype=np.int64),
            np.array(self._label, dtype=np.bool_),
            np.array(self._score, dtype=np.float64),
        )

    def scored(self) -> Columns:
        """Those that have a score."""
        columns = self.columns()
        return columns.where(np.isfinite(columns.score))


def overall(scored: Columns) -> dict[str, Any]:
    """How many there are, how many of them positive, and how good the scores were; NaN where that isn't defined."""
    label, score = scored.label, scored.score
    return {
        "n": len(label),
        "positives": int(label.sum()),
        "auc": roc_auc(label, score),
        "ap": average_precision(label, score),
        "log_loss": log_loss(label, score),
        "brier": brier(label, score),
    }
