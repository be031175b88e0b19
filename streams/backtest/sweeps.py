"""Shoppers looked at while they are silent: each day (UTC) those whose turn it is, with a label by silence."""

from __future__ import annotations

import numpy as np

from models.sweep import EVERY_DAYS, features_at, is_active, sweep_day
from streams.backtest.activity import DAY_MS
from streams.backtest.awaiting import Scored
from streams.backtest.run import Backtest


class Sweeps:
    """Called at midnight, has the active ones among the day's shoppers scored, and later learnt.

    Parameters
    ----------
    model
        Name of the churn model.
    rest_days
        After the first event: profiles have to fill before they say something.
    """

    def __init__(self, model: str, *, rest_days: int = EVERY_DAYS) -> None:
        self._model = model
        self._rest_days = rest_days
        self._first_ms = 0
        self._shoppers: list[list[str]] = [[] for _ in range(EVERY_DAYS)]
        self._known = 0

    def __call__(self, now_ms: int, backtest: Backtest) -> None:
        self._first_ms = self._first_ms or now_ms
        self._meet(backtest.activity.shoppers)
        if now_ms < self._first_ms + self._rest_days * DAY_MS:
            return
        shoppers = self._shoppers[now_ms // DAY_MS % EVERY_DAYS]
        table = backtest.profiles.tables["user"]
        profiles = table.profiles.take(table.locate(shoppers))
        rows = np.flatnonzero(is_active(profiles, now_ms))
        features = features_at(profiles.take(rows), now_ms)
        score = backtest.models[self._model].scorer.score(features).probability
        due_ms = now_ms + backtest.engine.churn_horizon_ms
        event_id = f"sweep-{now_ms}"
        active = [shoppers[row] for row in rows.tolist()]
        scored = zip(active, score.tolist(), np.ascontiguousarray(features), strict=True)
        backtest.expect(
            self._model,
            [Scored(shopper, event_id, now_ms, now_ms, due_ms, at, of) for shopper, at, of in scored],
        )

    def _meet(self, shoppers: list[str]) -> None:
        """Takes those in that came since the last time."""
        new = shoppers[self._known :]
        self._known = len(shoppers)
        for shopper, day in zip(new, sweep_day(new).tolist(), strict=True):
            self._shoppers[day].append(shopper)
