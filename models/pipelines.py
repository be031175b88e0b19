"""What learns: a River pipeline for each model, and how it is flattened.

Importing River takes about a second of CPU. This module, ``learning``, ``scorecard``, ``linear``, ``churn`` and
``fraud`` do it; what only scores imports none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from river import compose, linear_model, preprocessing

from models.churn import churn_linear, churn_model
from models.errors import NotFlattened
from models.flat_forms import FlatModel
from models.flat_linear import FlatLinear
from models.flat_scorecard import FlatScorecard
from models.fraud import fraud_linear, fraud_model
from models.linear import Finite
from models.scorecard import Hats

FACTORIES: dict[str, Callable[[], compose.Pipeline]] = {
    "fraud": fraud_model,
    "fraud-linear": fraud_linear,
    "churn": churn_model,
    "churn-linear": churn_linear,
    "churn-long": churn_model,
}
"""By the model's name: a pipeline that has learnt nothing."""


def flatten(pipeline: compose.Pipeline, names: Sequence[str]) -> FlatModel:
    """What ``scorecard`` or ``linear`` made, over the features ``names``, as arrays that score as it does.

    Raises ``NotFlattened`` for any other pipeline, and for other features.
    """
    match list(pipeline.steps.values()):
        case [Hats() as hats, linear_model.LogisticRegression() as model]:
            return _scorecard(hats, model, names)
        case [Finite(), preprocessing.StandardScaler() as scaler, linear_model.LogisticRegression() as model]:
            return _linear(scaler, model, names)
        case steps:
            found = " | ".join(type(step).__name__ for step in steps)
            raise NotFlattened(f"workers can't score {found}: only scorecards and linear models have a flat form")


def _scorecard(hats: Hats, model: linear_model.LogisticRegression, names: Sequence[str]) -> FlatScorecard:
    if hats.knots.keys() != set(names):
        raise NotFlattened(f"the knots are of other features: {sorted(hats.knots.keys() ^ set(names))}")
    points = [(name, place) for name in names for place in range(len(hats.knots[name]))]
    first = np.cumsum([0, *(len(hats.knots[name]) for name in names)], dtype=np.int32)
    value = np.array([model.weights.get(point, 0.0) for point in points])
    parts = value * [hats.sums.get(point, 0.0) for point in points] / max(hats.learnt, 1)
    return FlatScorecard(
        intercept=float(model.intercept),
        first=first,
        knot=np.array([hats.knots[name][place] for name, place in points], dtype=np.float64),
        value=value,
        mean=np.add.reduceat(parts, first[:-1]),
    )


def _linear(
    scaler: preprocessing.StandardScaler, model: linear_model.LogisticRegression, names: Sequence[str]
) -> FlatLinear:
    """The scaling goes into the weights: a feature that never varied is scaled to 0, and has none."""
    others = scaler.means.keys() - set(names)
    if others:
        raise NotFlattened(f"the means are of other features: {sorted(others)}")
    std = np.sqrt([scaler.vars.get(name, 0.0) for name in names])
    scaled = np.array([model.weights.get(name, 0.0) for name in names])
    return FlatLinear(
        intercept=float(model.intercept),
        weight=np.divide(scaled, std, out=np.zeros(len(names)), where=std > 0),
        mean=np.array([scaler.means.get(name, 0.0) for name in names]),
    )
