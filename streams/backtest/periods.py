"""Metrics by week or month: how a model came along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.metrics import average_precision, brier, log_loss, precision_at, roc_auc
from streams.backtest.judged import Columns

Length = Literal["week", "month"]

BUDGET = 100


@dataclass(frozen=True, kw_only=True)
class Period:
    """Scores given in a week or a month that got their label."""

    start: str
    n: int
    positives: int
    auc: float
    ap: float
    log_loss: float
    brier: float
    precision_at_100: float


def by_period(scored: Columns, length: Length) -> list[Period]:
    """By when scores were given. Weeks begin with the day of the first."""
    if not len(scored.ts):
        return []
    day = scored.ts.astype("datetime64[ms]").astype("datetime64[D]")
    first = day.min()
    start = day.astype("datetime64[M]").astype(day.dtype) if length == "month" else first + (day - first) // 7 * 7
    return [_period(str(at), scored.where(start == at)) for at in np.unique(start)]


def _period(start: str, scored: Columns) -> Period:
    label, score = scored.label, scored.score
    return Period(
        start=start,
        n=len(label),
        positives=int(label.sum()),
        auc=roc_auc(label, score),
        ap=average_precision(label, score),
        log_loss=log_loss(label, score),
        brier=brier(label, score),
        precision_at_100=precision_at(label, score, BUDGET),
    )
