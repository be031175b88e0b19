"""What learns: a River pipeline for each model, and how it is flattened.

Importing River takes about a second of CPU. This module, ``learning``, ``scorecard``, ``churn`` and ``fraud`` do it;
what only scores imports none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from river import compose, linear_model

from models.churn import churn_model
from models.errors import NotFlattened
from models.flat_scorecard import FlatScorecard
from models.fraud import fraud_model
from models.scorecard import Hats

FACTORIES: dict[str, Callable[[], compose.Pipeline]] = {
    "fraud": fraud_model,
    "churn": churn_model,
    "churn-long": churn_model,
}
"""By the model's name: a pipeline that has learnt nothing."""


def flatten(pipeline: compose.Pipeline, names: Sequence[str]) -> FlatScorecard:
    """A ``Hats | LogisticRegression`` over the features ``names`` as arrays that score as it does.

    Raises ``NotFlattened`` for any other pipeline, and for other features.
    """
    steps = list(pipeline.steps.values())
    if [type(step) for step in steps] != [Hats, linear_model.LogisticRegression]:
        found = " | ".join(type(step).__name__ for step in steps)
        raise NotFlattened(f"workers can't score {found}: only Hats | LogisticRegression has a flat form")
    hats, model = steps
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
