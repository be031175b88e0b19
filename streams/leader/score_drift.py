"""Drift of a model's scores and features: a day of event time against the 28 days before."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from models.catalogue import ModelSpec
from models.drift import drift
from models.features.sets import from_bytes
from models.scoring import SCORED
from streams.clickhouse.reader import INDEXED, Reader
from streams.leader.findings import DAY_MS, REFERENCE_DAYS, Found, What, day_of, ms_of, one_of

MOST_ROWS = 20_000
"""Of a day, and of the reference: of more a part is drawn by hash."""

_ABOUT = "kind = %(kind)s AND model = %(model)s AND state = %(scored)s AND feature_set = %(feature_set)s"

_NEXT = f"""
SELECT count(), min(ts_ms) FROM predictions
WHERE {_ABOUT} AND due_ms >= %(after_ms)s AND ts_ms >= %(after_ms)s AND ts_ms < %(closed_ms)s
"""  # noqa: S608 - own constants

_OF_DAYS = f"""
FROM predictions FINAL
WHERE {_ABOUT} AND due_ms >= %(first_ms)s AND ts_ms >= %(first_ms)s AND ts_ms < %(end_ms)s
"""
"""What was scored is due later, so the index leaves out what is due before."""

_COUNTED = "SELECT countIf(ts_ms >= %(day_ms)s) AS of_day, countIf(ts_ms < %(day_ms)s) AS of_reference" + _OF_DAYS

_DRAWN = (
    "SELECT ts_ms >= %(day_ms)s AS of_day, score, features_f32"
    + _OF_DAYS
    + "AND cityHash64(user_id, event_id) %% if(ts_ms >= %(day_ms)s, %(of_day)s, %(of_reference)s) = 0"
)


def next_day(reader: Reader, spec: ModelSpec, *, after_ms: int, closed_ms: int) -> date | None:
    """The first day from ``after_ms`` on, and before ``closed_ms``, both midnights, that the model has scored on."""
    ((n, first_ms),) = reader.query(_NEXT, _about(spec) | {"after_ms": after_ms, "closed_ms": closed_ms})
    return day_of(first_ms) if n else None


def score_drift(reader: Reader, spec: ModelSpec, day: date, *, least: float, with_features: bool) -> list[Found]:
    """Of the scores, and of each feature: up to 0.3 s, of a day of ``MOST_ROWS`` and more."""
    day_ms = ms_of(day)
    window = {"day_ms": day_ms, "first_ms": day_ms - REFERENCE_DAYS * DAY_MS, "end_ms": day_ms + DAY_MS}
    params = _about(spec) | window
    counted = reader.columns(_COUNTED, params, settings=INDEXED)
    parts = {name: one_of(int(n[0]), MOST_ROWS) for name, n in counted.items()}
    rows = reader.columns(_DRAWN, params | parts, raw=("features_f32",), settings=INDEXED)
    of_day = rows["of_day"].astype(np.bool_)
    counts = int(of_day.sum()), int((~of_day).sum())

    def found(what: What, feature: str, values: npt.NDArray[np.float32]) -> Found:
        held = drift(values[of_day], values[~of_day], least=least)
        return Found(day, what, feature, held.psi, held.threshold, held.is_drift, *counts)

    if not with_features:
        return [found("score", "", rows["score"])]
    features = from_bytes(rows["features_f32"], spec.features)  # (rows, features)
    of_features = [found("feature", name, features[:, at]) for at, name in enumerate(spec.features.names)]
    return [found("score", "", rows["score"]), *of_features]


def _about(spec: ModelSpec) -> dict[str, Any]:
    return {"kind": spec.kind, "model": spec.name, "scored": SCORED, "feature_set": spec.features.fingerprint}
