"""The logistic regression that the models end with."""

from __future__ import annotations

from river import linear_model, optim


def regression(*, rate: float, intercept_rate: float, intercept: float) -> linear_model.LogisticRegression:
    """Weights start at 0 and nothing is drawn at random, so the same examples in the same order give the same model.

    Parameters
    ----------
    rate, intercept_rate
        Of stochastic gradient descent; constant, so that the model goes on following what it sees.
    intercept
        The log-odds to begin with.
    """
    return linear_model.LogisticRegression(
        optimizer=optim.SGD(rate), intercept_lr=intercept_rate, intercept_init=intercept, l2=0.0
    )
