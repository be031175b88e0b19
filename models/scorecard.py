"""A scorecard: a logistic regression on piecewise linear functions of the features. Imports River.

It is a generalised additive model (Hastie, Tibshirani: "Generalized Additive Models", 1986) whose functions are linear
splines of order one. Bends make up for what a linear model would need scaled, clipped and multiplied features for, and
every feature's part in a score can be read from a table.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from typing import Any

from river import base, compose

from models.features.knots import Knots
from models.regression import regression

Hat = tuple[str, int]
"""A feature, and the place of one of its knots."""


class Hats(base.Transformer):
    """Each feature as its distance from the two knots around it.

    Between the knots k and l a value x becomes the two *hats* ``1 - u`` and ``u``, where ``u = (x - k) / (l - k)``;
    below the first knot and above the last it is 1 of that hat. So a feature's hats add up to 1, at most two of them
    aren't 0, and the weight of a hat is what the feature adds to the log-odds at that knot.

    A value that is NaN has no hats: nothing is learnt of it.

    Parameters
    ----------
    knots
        By feature. Others are left out.
    pinned
        Features that are at their first knot where an event doesn't have what they are about. There they have no hat,
        so that absence adds nothing and learns nothing. The other features' first hats would each learn the base rate
        then, together many times as fast as the intercept does.

    Attributes
    ----------
    learnt
        How many rows were learnt.
    sums
        Of each hat over these rows.

    Examples
    --------
    >>> hats = Hats({"amount": (0.0, 10.0, 100.0), "card_age": (0.0, 1.0)}, pinned=["card_age"])
    >>> hats.transform_one({"amount": 32.5, "card_age": 0.0})
    {('amount', 1): 0.75, ('amount', 2): 0.25}
    >>> hats.transform_one({"amount": 1e6, "card_age": 0.25})
    {('amount', 2): 1.0, ('card_age', 1): 0.25}
    """

    def __init__(self, knots: Knots, pinned: Collection[str] = ()) -> None:
        self.knots = knots
        self.pinned = pinned
        self.learnt = 0
        self.sums: dict[Hat, float] = {}
        self._features = [
            (name, places, [None if name in pinned and not index else (name, index) for index in range(len(places))])
            for name, places in knots.items()
        ]

    def learn_one(self, x: dict[Any, Any]) -> None:
        """Takes the row's hats into the sums, from which contributions are told against a feature's mean."""
        self.learnt += 1
        sums = self.sums
        for hat, height in self.transform_one(x).items():
            sums[hat] = sums.get(hat, 0.0) + height

    def transform_one(self, x: dict[Any, Any]) -> dict[Any, Any]:
        """The hats that aren't 0."""
        found: dict[Hat | None, float] = {}
        for name, knots, hats in self._features:
            value = x[name]
            if value <= knots[0]:
                if hats[0] is not None:
                    found[hats[0]] = 1.0
            elif value >= knots[-1]:
                found[hats[-1]] = 1.0
            elif value == value:
                left = bisect_right(knots, value) - 1
                height = (value - knots[left]) / (knots[left + 1] - knots[left])
                if hats[left] is not None:
                    found[hats[left]] = 1.0 - height
                found[hats[left + 1]] = height
        return found


def scorecard(
    knots: Knots, *, pinned: Collection[str] = (), rate: float, intercept_rate: float, intercept: float
) -> compose.Pipeline:
    """Hats into a logistic regression, as one River pipeline that learns by ``learn_one``.

    Every example is learnt once and counts the same, so that probabilities are calibrated as they are.

    Parameters
    ----------
    knots, pinned
        As of :class:`Hats`.
    rate, intercept_rate, intercept
        As of :func:`~models.regression.regression`.

    Examples
    --------
    >>> model = scorecard({"age": (0.0, 1.0, 2.0)}, rate=0.5, intercept_rate=0.1, intercept=-1.0)
    >>> for age in (0.0, 1.0, 2.0) * 100:
    ...     model.learn_one({"age": age}, age == 1.0)
    >>> [round(model.predict_proba_one({"age": age})[True], 2) for age in (0.0, 0.5, 1.0)]
    [0.02, 0.47, 0.98]
    """
    return compose.Pipeline(
        Hats(knots, pinned), regression(rate=rate, intercept_rate=intercept_rate, intercept=intercept)
    )
