"""Churn after given days: of those who were active before, who stays silent for the horizon?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.metrics import average_precision, brier, roc_auc
from models.sweep import is_active, silence
from streams.backtest.activity import DAY_MS, Activity
from streams.backtest.run import Backtest
from streams.errors import Invalid


@dataclass(frozen=True, kw_only=True)
class Cutoff:
    cutoff: str
    horizon_days: int
    n: int
    churn_rate: float
    auc: float
    ap: float
    brier: float


class CutoffTest:
    """Called at midnight, scores all active shoppers if it is the day. Raises ``Invalid`` for a horizon that isn't a
    multiple of the model's own.

    Parameters
    ----------
    model
        Name of the churn model.
    cutoff
        The day, such as ``2011-06-11``; its midnight (UTC) is meant.
    horizon_days
        After the day.
    """

    def __init__(self, model: str, cutoff: str, horizon_days: int) -> None:
        self.cutoff, self.horizon_days = cutoff, horizon_days
        self._model = model
        self._at_ms = int(np.datetime64(cutoff, "ms").astype(np.int64))
        self._shoppers: list[str] = []
        self._probability: npt.NDArray[np.float64] = np.empty(0)

    def __call__(self, now_ms: int, backtest: Backtest) -> None:
        if now_ms != self._at_ms:
            return
        shoppers = backtest.activity.shoppers
        table = backtest.profiles.tables["user"]
        profiles = table.profiles.take(table.locate(shoppers))
        rows = np.flatnonzero(is_active(profiles, now_ms))
        horizon_ms = backtest.engine.churn_horizon_ms
        times, rest = divmod(self.horizon_days * DAY_MS, horizon_ms)
        if rest:
            raise Invalid(
                f"{self.horizon_days} days aren't a multiple of the churn horizon, {horizon_ms / DAY_MS:g} days"
            )
        self._shoppers = [shoppers[row] for row in rows.tolist()]
        self._probability = silence(
            backtest.models[self._model].scorer,
            profiles.take(rows),
            now_ms,
            horizon_ms=horizon_ms,
            times=times,
        )

    def result(self, activity: Activity) -> Cutoff:
        """By what shoppers did up to the end of the data set; those not scored, while warming up, are left out."""
        last_ms = self._at_ms + self.horizon_days * DAY_MS - 1
        silent = [not activity.within(shopper, self._at_ms, last_ms) for shopper in self._shoppers]
        scored = np.isfinite(self._probability)
        churned, probability = np.array(silent, dtype=np.bool_)[scored], self._probability[scored]
        return Cutoff(
            cutoff=self.cutoff,
            horizon_days=self.horizon_days,
            n=len(churned),
            churn_rate=float(churned.mean()) if len(churned) else float("nan"),
            auc=roc_auc(churned, probability),
            ap=average_precision(churned, probability),
            brier=brier(churned, probability),
        )
