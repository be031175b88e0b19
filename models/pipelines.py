"""What learns: a River pipeline for each model, and how it is flattened.

Importing River takes about a second of CPU. This module, ``learning``, ``churn`` and ``fraud`` do it; what only scores
imports none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from river import compose, linear_model, preprocessing

from models.churn import churn_model
from models.errors import NotFlattened
from models.fraud import fraud_model
from models.linear import Linear

FACTORIES: dict[str, Callable[[], compose.Pipeline]] = {"fraud": fraud_model, "churn": churn_model}
"""By the model's name: a pipeline that has learnt nothing."""


def flatten(pipeline: compose.Pipeline, names: Sequence[str]) -> Linear:
    """A ``StandardScaler | LogisticRegression`` over the features ``names`` as arrays that score as it does.

    Raises ``NotFlattened`` for any other pipeline.
    """
    steps = list(pipeline.steps.values())
    if [type(step) for step in steps] != [preprocessing.StandardScaler, linear_model.LogisticRegression]:
        found = " | ".join(type(step).__name__ for step in steps)
        raise NotFlattened(f"workers can't score {found}: only StandardScaler | LogisticRegression has a flat form")
    scaler, model = steps
    mean = np.array([scaler.means.get(name, 0.0) for name in names])
    deviation = np.sqrt([scaler.vars.get(name, 0.0) for name in names])
    weight = np.array([model.weights.get(name, 0.0) for name in names])
    # As transform_many does: a feature that never varied is centred only.
    return Linear(float(model.intercept), mean, weight / np.where(deviation > 0, deviation, 1.0))
