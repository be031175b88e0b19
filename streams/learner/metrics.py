"""How good a model's scores of a day were, by the labels that it has learnt for them: the table ``model_metrics``.

This is progressive validation: each score was given before its label was learnt. A prediction counts once, by the last
label that was learnt for it. A day is never counted on from: all its rows of ``learnt`` are read anew whenever one has
been added. Each row says up to which snapshot labels are in it,
so whoever comes after a crash, on whatever worker, finds what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from models.catalogue import ModelSpec
from models.metrics import (
    average_precision,
    brier,
    calibration_error,
    calibration_ratio,
    log_loss,
    roc_auc,
    top_precision,
)
from schemas.tables import TABLES
from streams.clickhouse.columns import Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.learner.learnt import IN_LINE

METRICS_EVERY_ROUNDS = 15
"""Of learning, from one time to the next: every label changes its day, and a day may have many."""

USUAL_BUDGET = 100
"""Alerts a day that precision is taken of where no budget is set."""

_DAY_MS = 86_400_000

_WRITTEN = """
SELECT argMax(version, written_ms), max(written_ms) FROM model_metrics WHERE kind = %(kind)s AND model = %(model)s
"""

_DAYS = f"""
SELECT DISTINCT intDiv(ts_ms, {_DAY_MS}) FROM learnt
WHERE model = %(model)s AND version > %(after)s AND version <= %(version)s AND NOT isNaN(score) AND {IN_LINE}
ORDER BY 1
"""  # noqa: S608 - own constants

_ROWS = f"""
SELECT argMax(label, version) AS last_label, argMax(score, version) AS last_score,
    argMax(labelled_ms - ts_ms, version) AS delay_ms
FROM learnt
WHERE model = %(model)s AND ts_ms >= %(first_ms)s AND ts_ms < %(end_ms)s AND NOT isNaN(score) AND {IN_LINE}
GROUP BY user_id, event_id
"""  # noqa: S608 - own constants


class DailyMetrics:
    """The metrics of one model, on whatever one thread at a time calls it.

    Parameters
    ----------
    spec
        The model.
    clock_ms
        Unix milliseconds, for ``written_ms``.
    per_day
        Budget of alerts, 0 for none.
    every_s
        Time from one writing to the next, at least.
    """

    def __init__(
        self,
        spec: ModelSpec,
        reader: Reader,
        writer: Writer,
        *,
        clock_ms: Callable[[], int],
        per_day: float = 0.0,
        every_s: float,
    ) -> None:
        self.spec = spec
        self.every_s = every_s
        self._reader = reader
        self._writer = writer
        self._clock_ms = clock_ms
        self._budget = max(round(per_day), 1) if per_day else USUAL_BUDGET
        self._version = ""
        self._next_s = float("-inf")

    def keep_up(self, version: str) -> None:
        """Write the days whose labels the snapshot ``version``, the latest, holds and the table doesn't yet; nothing
        sooner than ``every_s`` after the last time. Blocks: a few ms a day and 0.5 µs a label."""
        if version == self._version or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + self.every_s
        about = {"kind": self.spec.kind, "model": self.spec.name, "version": version}
        written, written_ms = self._reader.query(_WRITTEN, about)[0]
        # A model whose snapshots were removed begins anew with lower versions.
        after = written if written <= version else ""
        days = [day for (day,) in self._reader.query(_DAYS, about | {"after": after})]
        if days:
            at_ms = max(self._clock_ms(), written_ms + 1)  # whatever another's clock said: this row is the newer
            rows = [self._of_day(day, about) | {"version": version, "written_ms": at_ms} for day in days]
            columns: dict[str, Column] = {name: [row[name] for row in rows] for name in TABLES["model_metrics"]}
            self._writer.insert("model_metrics", columns, token=f"model_metrics-{version}-{at_ms}")
        self._version = version

    def _of_day(self, day: int, about: dict[str, str]) -> dict[str, Any]:
        window = {"first_ms": day * _DAY_MS, "end_ms": (day + 1) * _DAY_MS}
        found = self._reader.columns(_ROWS, about | window)
        label, score = found["last_label"], found["last_score"].astype(np.float64)
        return {
            "kind": self.spec.kind,
            "model": self.spec.name,
            "day": datetime.fromtimestamp(day * _DAY_MS / 1000, UTC).date(),
            "n": len(label),
            "positives": int(label.sum()),
            "roc_auc": roc_auc(label, score),
            "average_precision": average_precision(label, score),
            "log_loss": log_loss(label, score),
            "brier": brier(label, score),
            "mean_score": float(score.mean()),
            "calibration_error": calibration_error(label, score),
            "calibration_ratio": calibration_ratio(label, score),
            "precision_at_budget": top_precision(label, score, self._budget),
            "budget": self._budget,
            "mean_label_delay_ms": float(found["delay_ms"].mean()),
        }
