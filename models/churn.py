"""The churn model: how likely is it that a shopper falls silent for the whole horizon?"""

from __future__ import annotations

from river import compose, linear_model, optim, preprocessing


def churn_model() -> compose.Pipeline:
    """Standardised features into a logistic regression, as one River pipeline that learns by ``learn_one``.

    Weights start at 0 and nothing is drawn at random, so the same examples in the same order give the same model. Its
    memory is three numbers a feature.
    """
    return preprocessing.StandardScaler() | linear_model.LogisticRegression(
        optimizer=optim.SGD(0.01), intercept_lr=0.01, l2=1e-4, clip_gradient=1.0
    )
