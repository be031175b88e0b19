"""How good the scores were, from each score as it was given and the label that came for it later.

This is progressive validation (Blum, Kalai, Langford: "Beating the hold-out", COLT 1999) with the labels' true delay.
A score counts once, by the last label that was learnt for it.
Ranks are kept as a histogram over the log-odds, so areas under curves are those of scores rounded to a bin.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any

import numpy as np

BINS_PER_LOGIT = 16
MAX_LOGIT = 14.0
"""Probabilities beyond 1e-6 or 1 - 1e-6 share the outermost bins."""

_N_BINS = int(2 * MAX_LOGIT) * BINS_PER_LOGIT + 1
_MIN_PROBABILITY = 1e-6


class Progress:
    """Counts, mean losses and ranking metrics of the scores that got their label; 1 µs an example."""

    def __init__(self) -> None:
        self._bins = np.zeros((_N_BINS, 2), dtype=np.int64)  # by score, then label
        self._log_loss = 0.0
        self._squares = 0.0

    @classmethod
    def resume(cls, metrics: Mapping[str, Any]) -> Progress:
        """Goes on from what :meth:`metrics` gave."""
        progress = cls()
        for index, negatives, positives in metrics.get("bins", ()):
            progress._bins[index] = negatives, positives
        scored = int(progress._bins.sum())
        progress._log_loss = metrics.get("log_loss", 0.0) * scored
        progress._squares = metrics.get("brier", 0.0) * scored
        return progress

    def update(self, score: float, label: bool) -> None:
        """Takes in one score, a probability; NaN, a model's that was warming up, is left out."""
        self._count(score, label, 1)

    def correct(self, score: float, label: bool) -> None:
        """Judges a score that was taken in with the other label by this one instead."""
        self._count(score, not label, -1)
        self._count(score, label, 1)

    def _count(self, score: float, label: bool, times: int) -> None:
        if score != score:
            return
        p = min(max(score, _MIN_PROBABILITY), 1 - _MIN_PROBABILITY)
        self._bins[round((log(p / (1 - p)) + MAX_LOGIT) * BINS_PER_LOGIT), int(label)] += times
        self._log_loss -= times * log(p if label else 1 - p)
        self._squares += times * (score - label) ** 2

    def metrics(self) -> dict[str, Any]:
        """``scored`` and ``scored_positives``, and where there is one of each class ``roc_auc``,
        ``average_precision``; ``log_loss`` and ``brier`` with any; ``bins`` is what :meth:`resume` needs.
        """
        negatives, positives = (int(total) for total in self._bins.sum(axis=0))
        filled = np.flatnonzero(self._bins.any(axis=1))
        metrics: dict[str, Any] = {
            "scored": negatives + positives,
            "scored_positives": positives,
            "bins": [[int(index), *self._bins[index].tolist()] for index in filled],
        }
        if negatives + positives:
            metrics["log_loss"] = self._log_loss / (negatives + positives)
            metrics["brier"] = self._squares / (negatives + positives)
        if negatives and positives:
            metrics["roc_auc"] = self._roc_auc(negatives, positives)
            metrics["average_precision"] = self._average_precision(positives)
        return metrics

    def _roc_auc(self, negatives: int, positives: int) -> float:
        """The share of pairs in which the positive ranks higher; a tie counts half."""
        counts = self._bins.astype(np.float64)
        below = np.cumsum(counts[:, 0]) - counts[:, 0]
        return float(counts[:, 1] @ (below + counts[:, 0] / 2)) / (negatives * positives)

    def _average_precision(self, positives: int) -> float:
        """Precision at each score from the highest down, weighted by the recall that it adds."""
        found = self._bins[::-1].astype(np.float64)
        hits = np.cumsum(found[:, 1])
        precision = hits / np.maximum(np.cumsum(found.sum(axis=1)), 1)
        return float(precision @ found[:, 1]) / positives
