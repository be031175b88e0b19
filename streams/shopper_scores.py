"""Rows of the table ``shopper_scores``: how likely each shopper falls silent, as of a time, and why."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, NamedTuple

import numpy as np

from models.profiles.state import LAST_MS, Profiles
from models.reasons import TOP
from models.scoring import Scorer, Scores
from models.sweep import features_at
from schemas.alerts import Kind
from schemas.texts import Texts
from streams.clickhouse.columns import Column

Columns = dict[str, Any]


FURTHER: Set[Kind] = {"churn_long"}
"""Kinds of churn that have a score here, and reasons of their own nowhere."""


class Scored(NamedTuple):
    scores: Scores
    columns: Columns


def shopper_scores(
    champions: Mapping[Kind, Scorer],
    users: Column,
    profiles: Profiles,
    *,
    partition: int,
    as_of_ms: int,
    written_ms: int,
) -> Scored:
    """Scores n shoppers at ``as_of_ms`` by a champion of churn that is warm, and by those of further horizons. 2 µs of
    CPU each, 3 with the insert.

    Of two rows of a shopper the table keeps that of the later time.
    """
    n = len(users)
    champion = champions["churn"]
    features = features_at(profiles, as_of_ms)
    scores, reasons = champion.score(features), champion.reasons(features)
    columns: Columns = {
        "user_id": users,
        "partition": np.full(n, partition, dtype=np.int32),
        "as_of_ms": np.full(n, as_of_ms, dtype=np.int64),
        "last_ms": profiles.extremes_ms[:, LAST_MS],
        "churn_state": scores.state,
        "churn_score": scores.probability,
        "churn_version": _repeated(scores.version, n),
        "base": np.full(n, champion.base),
    }
    for kind in FURTHER & champions.keys():
        further = champions[kind].score(features)
        columns |= {f"{kind}_score": further.probability, f"{kind}_version": _repeated(further.version, n)}
    for rank in range(TOP):
        columns |= {
            f"reason_{rank + 1}_feature": reasons.features(rank),
            f"reason_{rank + 1}_value": np.ascontiguousarray(reasons.value[:, rank]),
            f"reason_{rank + 1}_contribution": np.ascontiguousarray(reasons.contribution[:, rank]),
            f"reason_{rank + 1}_text": reasons.texts(rank),
        }
    return Scored(scores, columns | {"written_ms": np.full(n, written_ms, dtype=np.int64)})


def _repeated(value: str, n: int) -> Texts:
    return Texts.of([value]).take(np.zeros(n, dtype=np.intp))
