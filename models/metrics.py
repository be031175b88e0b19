"""How good probabilities were, by the labels that came for them.

Every function takes n labels, of shape (n,) and 0 or 1, and n scores. Where a figure isn't defined, because all labels
are alike or there are none, it is NaN. Scores that are equal are equal in rank: their order never matters, save for
:func:`precision_at`, which has to draw a line among them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.bool_ | np.integer]
Scores = npt.NDArray[np.floating]

_LEAST = 1e-15
"""Probabilities of less, or of as little less than 1, count as that in the log loss, which would be infinite."""


class Bin(NamedTuple):
    """Some neighbours in rank: what was predicted for them, and what came."""

    n: int
    predicted: float
    """Mean probability."""
    observed: float
    """Share of positives."""


def roc_auc(label: Labels, score: Scores) -> float:
    """The share of pairs of a positive and a negative in which the positive ranks higher; a tie counts half.

    >>> roc_auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    positives = int(np.sum(label))
    negatives = len(label) - positives
    if not positives or not negatives:
        return float("nan")
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    rank = (last - (count - 1) / 2)[place]  # (n,) from 1; the mean of those that are equal
    return float((rank[label == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(label: Labels, score: Scores) -> float:
    """Precision at each score from the highest down, weighted by the recall that it adds.

    >>> round(average_precision(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])), 4)
    0.8333
    """
    positives = int(np.sum(label))
    if not positives:
        return float("nan")
    _, place, count = np.unique(-np.asarray(score), return_inverse=True, return_counts=True)
    hits = np.bincount(place, weights=label, minlength=len(count))  # by score, from the highest down
    precision = np.cumsum(hits) / np.cumsum(count)
    return float(precision @ hits / positives)


def log_loss(label: Labels, probability: Scores) -> float:
    """Mean negative log-likelihood, in nats."""
    if not len(label):
        return float("nan")
    p = np.clip(np.asarray(probability, dtype=np.float64), _LEAST, 1 - _LEAST)
    return float(-np.mean(np.where(label == 1, np.log(p), np.log1p(-p))))


def brier(label: Labels, probability: Scores) -> float:
    """Mean squared distance of probability and label."""
    if not len(label):
        return float("nan")
    return float(np.mean((np.asarray(probability, dtype=np.float64) - label) ** 2))


def calibration(label: Labels, probability: Scores, bins: int = 10) -> list[Bin]:
    """By ``bins`` groups of equal size, the lowest probabilities first; fewer where there are fewer rows."""
    order = np.argsort(probability, kind="stable")
    groups = [rows for rows in np.array_split(order, bins) if len(rows)]
    p = np.asarray(probability, dtype=np.float64)
    return [Bin(len(rows), float(p[rows].mean()), float(label[rows].mean())) for rows in groups]


def calibration_error(label: Labels, probability: Scores, bins: int = 10) -> float:
    """Mean distance of probability and share of positives over the groups of :func:`calibration`, by their sizes: the
    expected calibration error of Naeini, Cooper and Hauskrecht ("Obtaining well calibrated probabilities using
    Bayesian binning", AAAI 2015). Of few rows it is mostly chance.

    >>> calibration_error(np.array([0, 1, 1, 1]), np.array([0.5, 0.5, 0.75, 0.75]), bins=2)
    0.125
    """
    if not len(label):
        return float("nan")
    groups = calibration(label, probability, bins)
    return sum(group.n * abs(group.predicted - group.observed) for group in groups) / len(label)


def calibration_ratio(label: Labels, probability: Scores) -> float:
    """Mean probability over the share of positives, 1 where the level is right; infinite where there is no positive."""
    if not len(label):
        return float("nan")
    positives = float(np.mean(label))
    return float(np.mean(probability)) / positives if positives else float("inf")


def top_precision(label: Labels, score: Scores, n: int) -> float:
    """The share of positives among the ``n`` highest scores, or among all where there are fewer.

    Of scores that are equal where the line is drawn each counts with the same part, so their order doesn't matter.

    >>> top_precision(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.1]), 2)
    0.75
    """
    n = min(n, len(label))
    if not n:
        return float("nan")
    _, place, count = np.unique(-np.asarray(score), return_inverse=True, return_counts=True)
    hits = np.bincount(place, weights=label, minlength=len(count))  # by score, from the highest down
    taken = np.clip(n - (np.cumsum(count) - count), 0, count)
    return float(hits @ (taken / count)) / n


def precision_at(label: Labels, score: Scores, budget: int) -> float:
    """The share of positives among the ``budget`` highest scores, of those that are equal the first ones.

    Where there are fewer rows the rest of the budget is spent in vain.
    """
    highest = np.argsort(-np.asarray(score), kind="stable")[:budget]
    return float(np.sum(label[highest])) / budget
