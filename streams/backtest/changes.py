"""What another champion would have changed: the alerts gained and lost, and what was at stake in them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

NEGATIVE, POSITIVE, UNLABELLED = 0, 1, -1

_LABELS = {"positive": POSITIVE, "negative": NEGATIVE, "unlabelled": UNLABELLED}


class Pairs(NamedTuple):
    """n predictions, each with a score of two models; NaN where one was warming up."""

    champion: npt.NDArray[np.float64]
    candidate: npt.NDArray[np.float64]
    amount: npt.NDArray[np.float64]
    label: npt.NDArray[np.int8]


class Group(NamedTuple):
    """Alerts, how many and with how much money in them, by what their labels say."""

    alerts: dict[str, int]
    money: dict[str, float]


def changes(pairs: Pairs, *, threshold: float, candidate_threshold: float | None = None) -> dict[str, Group]:
    """The alerts ``gained`` by the candidate, ``lost`` and ``kept``, of scores at or above the threshold.

    ``candidate_threshold`` is the candidate's, where that would be another.

    >>> pairs = Pairs(np.array([0.9, 0.1]), np.array([0.2, 0.95]), np.array([5.0, 7.0]), np.array([0, 1], np.int8))
    >>> found = changes(pairs, threshold=0.9)
    >>> found["gained"].money["positive"], found["lost"].money["negative"], sum(found["kept"].alerts.values())
    (7.0, 5.0, 0)
    """
    before = pairs.champion >= threshold
    after = pairs.candidate >= (threshold if candidate_threshold is None else candidate_threshold)
    chosen = {"gained": after & ~before, "lost": before & ~after, "kept": before & after}
    return {name: _group(pairs, rows) for name, rows in chosen.items()}


def _group(pairs: Pairs, rows: npt.NDArray[np.bool_]) -> Group:
    labelled: dict[str, Any] = {name: rows & (pairs.label == label) for name, label in _LABELS.items()}
    return Group(
        alerts={name: int(of.sum()) for name, of in labelled.items()},
        money={name: round(float(pairs.amount[of].sum()), 2) for name, of in labelled.items()},
    )
