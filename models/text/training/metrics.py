"""How good a model's columns are, by what is known of the texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.metrics import roc_auc
from models.text.heads import Sentiment
from models.text.training.examples import NEGATIVE, NEUTRAL, POSITIVE, UNKNOWN, Examples

Columns = Mapping[str, npt.NDArray[np.float32]]


def evaluated(columns: Columns, examples: Examples) -> dict[str, Any]:
    """Figures of the heads that the columns come from and the examples know something of.

    Where no example is neutral, the question is negative or positive: then the larger of the two decides. AUC is of
    positive against negative in any case. What isn't defined is None.
    """
    figures: dict[str, Any] = {"n": len(examples)}
    known = examples.sentiment != UNKNOWN
    if "negative" in columns and known.any():
        scores = np.stack([columns[name][known] for name in Sentiment.columns], axis=1)  # (n, 3)
        figures |= _sentiment(scores, examples.sentiment[known])
    rated = ~np.isnan(examples.stars)
    if "expected_rating" in columns and rated.any():
        off = columns["expected_rating"][rated] - examples.stars[rated]
        figures |= {"n_rated": int(rated.sum()), "rating_mae": float(np.abs(off).mean())}
    return figures


def quality(figures: Mapping[str, Any]) -> float:
    """One figure to choose weights by, the higher the better: macro F1, and the rating's error in stars off."""
    return float(figures.get("macro_f1") or 0.0) - float(figures.get("rating_mae") or 0.0) / 4


def confusion(truth: npt.NDArray[np.int64], said: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """(count, count): by row what is true, by column what was said."""
    return np.bincount(truth * count + said, minlength=count * count).reshape(count, count)


def macro_f1(table: npt.NDArray[np.int64]) -> float:
    """Mean F1 over the classes that are true or said of any text. ``table`` is of :func:`confusion`."""
    either = table.sum(axis=0) + table.sum(axis=1)
    there = either > 0
    return float((2 * table.diagonal()[there] / either[there]).mean())


def _sentiment(scores: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> dict[str, Any]:
    binary = not (truth == NEUTRAL).any()
    allowed = np.where([False, binary, False], -np.inf, scores)
    table = confusion(truth, allowed.argmax(axis=1), scores.shape[1])
    polar = truth != NEUTRAL
    auc = roc_auc(truth[polar] == POSITIVE, _polarity(scores[polar]))
    classes = [NEGATIVE, POSITIVE] if binary else [NEGATIVE, NEUTRAL, POSITIVE]
    return {
        "n_sentiment": len(truth),
        "accuracy": float(table.trace() / len(truth)),
        "macro_f1": macro_f1(table),
        "auc": None if np.isnan(auc) else auc,
        "classes": [Sentiment.columns[code] for code in classes],
        "confusion": table[np.ix_(classes, classes)].tolist(),
    }


def _polarity(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Log-odds of positive against negative."""
    wide = np.maximum(scores.astype(np.float64), 1e-30)
    return np.log(wide[:, POSITIVE]) - np.log(wide[:, NEGATIVE])
