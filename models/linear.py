"""Why a linear model scored as it did: each feature's weight times its scaled value."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from river import compose


class Contributions(NamedTuple):
    """``base`` and a row of ``by_feature``, of shape (m, features), add up to the log-odds of the row's score."""

    base: float
    by_feature: npt.NDArray[np.float64]


def contributions(pipeline: compose.Pipeline, frame: pd.DataFrame) -> Contributions:
    """Of a pipeline that ends in a River GLM with log-odds, for m rows of features."""
    scaled = pipeline.transform_many(frame).to_numpy(dtype=np.float64)
    model = pipeline[-1]
    weights = np.array([model.weights.get(name, 0.0) for name in frame.columns])
    return Contributions(float(model.intercept), scaled * weights)
