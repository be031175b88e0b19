"""A linear model: a logistic regression on the features as they are, scaled to a mean of 0 and a variance of 1. Imports
River.

It has a tenth of a scorecard's weights, so it knows sooner, and a scorecard that isn't better than straight lines isn't
worth its bends: that makes it a challenger.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from river import base, compose, preprocessing

from models.regression import regression


class Finite(base.Transformer):
    """Leaves out what is NaN or infinite: one such value would spoil the means of a scaler for ever.

    Examples
    --------
    >>> Finite().transform_one({"amount": 1.5, "age": float("nan")})
    {'amount': 1.5}
    """

    def transform_one(self, x: dict[Any, Any]) -> dict[Any, Any]:
        return {name: value for name, value in x.items() if isfinite(value)}


def linear(*, rate: float, intercept_rate: float, intercept: float) -> compose.Pipeline:
    """Finite features, scaled by what has been learnt so far, into a logistic regression.

    Parameters are those of :func:`~models.regression.regression`.

    Examples
    --------
    >>> model = linear(rate=0.1, intercept_rate=0.1, intercept=-1.0)
    >>> for age in (0.0, 1.0, 2.0) * 100:
    ...     model.learn_one({"age": age}, age > 0.5)
    >>> [round(model.predict_proba_one({"age": age})[True], 2) for age in (0.0, 1.0, 2.0)]
    [0.1, 0.82, 0.99]
    """
    return compose.Pipeline(
        Finite(),
        preprocessing.StandardScaler(),
        regression(rate=rate, intercept_rate=intercept_rate, intercept=intercept),
    )
