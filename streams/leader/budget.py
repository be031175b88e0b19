"""The duty of holding alerts to their budget: from the scores of the last days, the score from which on to alert.

Each model that takes part has its own threshold, of its own scores, so whoever is promoted has one already. A model
that has scored for less than a day may have had a day's alerts by then; before its first score nothing is decided, and
the fixed threshold holds alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from models.budget import DAY_MS, SWEPT_SHARE, Candidates, alerts_at, allowed, threshold_for
from models.catalogue import KINDS
from models.scoring import SCORED
from schemas.alerts import Kind
from schemas.topics import SWEEP
from streams.clickhouse.reader import INDEXED, Reader
from streams.clickhouse.writer import Writer
from streams.decisions import lineups
from streams.leader.watermark import watermark_ms
from streams.settings import Settings
from streams.thresholds import Threshold, decided, write_threshold

EVERY_ROUNDS = 5
"""Of learning, from one decision to the next."""
WINDOW_DAYS = 7.0
"""Of event time that a decision looks back; a week has all of its days in it."""
LEAST_ALERTS = 10
"""Of a budget that is less than one a day or so, the window is as long as brings that many, up to ..."""
MOST_WINDOW_DAYS = 90.0
LEAST_CANDIDATES = 10_000
CANDIDATES_AN_ALERT = 4
"""Scores looked at, of those that have room in the window: shoppers may have several for each alert that is sent."""
NOTICEABLE = 0.05
"""Share of alerts by which the threshold before would have been wrong, for another to be written."""

LATE = 0.01
"""Share of scores that may be of events that came days late, and so don't tell since when there are scores."""

_STRETCH = """
SELECT count() AS total, toInt64(quantileExact(%(late)s)(ts_ms)) AS early_ms FROM predictions FINAL
WHERE kind = %(kind)s AND due_ms >= %(from_ms)s AND model = %(model)s AND state = %(scored)s AND topic != %(sweep)s
AND ts_ms > %(from_ms)s AND ts_ms <= %(until_ms)s
"""
"""What was scored is due later, so the index leaves out what is due before."""

_HIGHEST = """
SELECT score, ts_ms, cityHash64(user_id) AS about FROM predictions FINAL
WHERE kind = %(kind)s AND due_ms >= %(from_ms)s AND model = %(model)s AND state = %(scored)s AND topic != %(sweep)s
AND ts_ms > %(from_ms)s AND ts_ms <= %(until_ms)s
ORDER BY score DESC LIMIT %(limit)s
"""

_SWEPT = """
SELECT uniqExact(alert_id) FROM alerts WHERE kind = %(kind)s AND topic = %(sweep)s
AND ts > fromUnixTimestamp64Milli(toInt64(%(from_ms)s)) AND ts <= fromUnixTimestamp64Milli(toInt64(%(until_ms)s))
"""


class AlertBudget:
    """A :class:`~streams.leader.duty.Duty`. Does nothing where no kind of alerts has a budget.

    That an alert about a shopper's second card is sent beside that about the first is left out of account: predictions
    don't know cards.
    """

    name = "budget"

    def __init__(self, settings: Settings, *, clock_ms: Callable[[], int], stop: threading.Event) -> None:
        self.every_s = EVERY_ROUNDS * settings.learn_interval_s
        self._settings = settings
        self._clock_ms = clock_ms
        self._reader = Reader(settings, stop=stop)
        self._writer = Writer(settings, stop=stop)

    def run(self) -> bool:
        """A decision for each model: 20 ms, and as much for each 200,000 scores of the window."""
        kinds = [kind for kind in KINDS if self._settings.alerts_per_day(kind)]
        if not kinds:
            return False
        found, before, until_ms = lineups(self._reader), decided(self._reader), watermark_ms(self._reader)
        for kind in kinds:
            for model in found[kind].active:
                self._decide(kind, model, before.get(model), until_ms)
        return False

    def close(self) -> None:
        self._reader.close()
        self._writer.close()

    def _decide(self, kind: Kind, model: str, before: Threshold | None, until_ms: int) -> None:
        per_day = self._settings.alerts_per_day(kind)
        window_ms = round(min(max(WINDOW_DAYS, LEAST_ALERTS / per_day), MOST_WINDOW_DAYS) * DAY_MS)
        params = {
            "kind": kind,
            "model": model,
            "scored": SCORED,
            "sweep": SWEEP,
            "from_ms": until_ms - window_ms,
            "until_ms": until_ms,
        }
        stretch = self._reader.columns(_STRETCH, params | {"late": LATE}, settings=INDEXED)
        total, early_ms = int(stretch["total"][0]), int(stretch["early_ms"][0])
        if not total:
            return
        stretch_ms = min(round((until_ms - early_ms) / (1 - LATE)), window_ms)
        whole = allowed(per_day, stretch_ms)
        # Silent shoppers who were told of have used up some of it, up to their share.
        limit = max(whole - self._swept(params), whole * (1 - SWEPT_SHARE))
        candidates = self._candidates(params, total, limit)
        suppress_ms = self._settings.alert_suppress_ms
        threshold = threshold_for(limit, candidates, window_ms=suppress_ms)
        expected = alerts_at(threshold, candidates, window_ms=suppress_ms)
        if before and before.per_day == per_day:
            wrong = abs(alerts_at(before.threshold, candidates, window_ms=suppress_ms) - expected)
            if wrong <= NOTICEABLE * expected:
                return
        row = Threshold(
            kind=kind,
            model=model,
            # After what was decided before, whatever clock that was by.
            decided_ms=max(self._clock_ms(), before.decided_ms + 1 if before else 0),
            threshold=threshold,
            per_day=per_day,
            expected_per_day=expected / allowed(1, stretch_ms),
            scores=total,
            from_ms=until_ms - stretch_ms,
            until_ms=until_ms,
        )
        write_threshold(self._writer, row)

    def _swept(self, params: dict[str, object]) -> int:
        return int(self._reader.query(_SWEPT, params)[0][0])

    def _candidates(self, params: dict[str, object], total: int, limit: float) -> Candidates:
        most = max(LEAST_CANDIDATES, round(CANDIDATES_AN_ALERT * limit))
        found = self._reader.columns(_HIGHEST, params | {"limit": most}, settings=INDEXED)
        return Candidates(
            score=found["score"],
            about=found["about"].astype(np.uint64),
            ts=found["ts_ms"],
            total=total,
        )
