"""Drift of a model's losses, by the day of the label: whether they rise, in the order of the labels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from models.catalogue import ModelSpec
from models.loss_drift import LossWatch
from streams.clickhouse.reader import Reader
from streams.leader.findings import DAY_MS, REFERENCE_DAYS, Found, day_of, ms_of, one_of
from streams.learner.learnt import IN_LINE

MOST_LABELS = 100_000
"""Taken in at once: of more a part is drawn by hash."""

_LATEST = "SELECT max(version) FROM models WHERE name = %(model)s"

_LEARNT = f"model = %(model)s AND NOT isNaN(score) AND {IN_LINE}"

_WAITING = f"""
SELECT countIf(labelled_ms >= %(after_ms)s), minIf(labelled_ms, labelled_ms >= %(after_ms)s), max(labelled_ms)
FROM learnt WHERE {_LEARNT}
"""  # noqa: S608 - own constants

_LOSSES = f"""
SELECT intDiv(labelled_ms, {DAY_MS}) AS day, label, score FROM learnt FINAL
WHERE {_LEARNT} AND labelled_ms >= %(first_ms)s AND labelled_ms < %(end_ms)s
AND cityHash64(user_id, event_id) %% %(part)s = 0
ORDER BY labelled_ms, user_id, event_id
"""  # noqa: S608


def loss_drift(reader: Reader, spec: ModelSpec, *, after: date, risen: date, late_ms: int) -> tuple[list[Found], bool]:
    """Of the days after ``after``, four weeks of them at most, and whether there are more.

    A day is closed once the model has learnt a label of a later one, by ``late_ms`` and more. What came up to the day
    ``risen``, the last of which a rise was told, is left out: losses are held against what they have been since.
    """
    ((version,),) = reader.query(_LATEST, {"model": spec.name})
    about = {"model": spec.name, "version": version}
    ((n, next_ms, latest_ms),) = reader.query(_WAITING, about | {"after_ms": ms_of(after) + DAY_MS})
    closed_ms = _midnight(latest_ms - late_ms)
    if not n or next_ms >= closed_ms:
        return [], False
    first_ms = max(_midnight(next_ms) - REFERENCE_DAYS * DAY_MS, ms_of(risen) + DAY_MS)
    end_ms = min(closed_ms, _midnight(next_ms) + REFERENCE_DAYS * DAY_MS)
    window = {"first_ms": first_ms, "end_ms": end_ms, "part": one_of(n, MOST_LABELS)}
    found = _by_day(reader.columns(_LOSSES, about | window))
    return [one for one in found if one.day > after], end_ms < closed_ms


def _by_day(rows: Mapping[str, Any]) -> list[Found]:
    watch, found, before = LossWatch(), [], 0
    days, first = np.unique(rows["day"], return_index=True)
    labels, scores = np.split(rows["label"], first[1:]), np.split(rows["score"], first[1:])
    for number, label, score in zip(days.tolist(), labels, scores, strict=True):
        held = watch.day(label, score)
        found.append(
            Found(day_of(number * DAY_MS), "loss", "", held.after, held.before, held.has_risen, len(label), before)
        )
        before = 0 if held.has_risen else before + len(label)
    return found


def _midnight(ms: int) -> int:
    return ms // DAY_MS * DAY_MS
