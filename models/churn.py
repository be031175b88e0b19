"""The churn model: how likely is it that a shopper falls silent for the whole horizon?"""

from __future__ import annotations

from river import compose

from models.features.churn import CHURN_KNOTS
from models.scorecard import scorecard


def churn_model() -> compose.Pipeline:
    """A scorecard of the churn features.

    On the orders of Online Retail, learnt in the order in which labels fell due, rates from 0.001 to 0.003 do about the
    same.
    """
    return scorecard(CHURN_KNOTS, rate=0.003, intercept_rate=0.002, intercept=0.0)
