"""The fraud model: how likely is it that a purchase will be charged back?"""

from __future__ import annotations

from river import compose, linear_model, optim, preprocessing


def fraud_model() -> compose.Pipeline:
    """Standardised features into a logistic regression, as one River pipeline that learns by ``learn_one``.

    Weights start at 0 and nothing is drawn at random, so the same examples in the same order give the same model. Its
    memory is three numbers a feature.
    """
    return preprocessing.StandardScaler() | linear_model.LogisticRegression(
        optimizer=optim.SGD(0.01),
        # Fraud is rare: the base rate has to be found in few hundred examples, the weights may take longer.
        intercept_lr=0.05,
        l2=1e-4,
        clip_gradient=1.0,
    )
