"""What a sweep leaves to be learnt: scores of silent shoppers that will get a label, as those of events do.

A model that learnt from events alone would never have met the silent ones. Each shopper is taken once in
``EVERY_DAYS``, on the day that follows from the id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.features.sets import to_bytes
from models.profiles.state import Profiles
from models.scoring import Scorer, ranked
from models.sweep import DAY_MS, EVERY_DAYS, features_at, sweep_day
from schemas.alerts import Kind
from schemas.topics import SWEEP

Columns = dict[str, Any]


def sampled(
    scorers: Mapping[str, Scorer],
    users: Sequence[str],
    profiles: Profiles,
    *,
    partition: int,
    at_ms: int,
    horizons_ms: Mapping[Kind, int],
    written_ms: int,
) -> list[Columns]:
    """Blocks of ``predictions`` at the midnight ``at_ms``, one a model of each horizon, of those whose day it is.

    They are told to be of the end of the day before: an event from this midnight on is a return.
    """
    rows = np.flatnonzero(sweep_day(users) == at_ms // DAY_MS % EVERY_DAYS)
    n = len(rows)
    features = features_at(profiles.take(rows), at_ms)
    shared: Columns = {
        "event_id": [f"{SWEEP}-{at_ms}"] * n,
        "user_id": [users[row] for row in rows.tolist()],
        "topic": [SWEEP] * n,
        "partition": np.full(n, partition),
        "offset": np.full(n, -1),
        "ts_ms": np.full(n, at_ms - 1),
        "amount": np.zeros(n),
        "features_f32": to_bytes(features),
        "written_ms": np.full(n, written_ms),
    }
    blocks = []
    for kind, horizon_ms in horizons_ms.items():
        for scorer in ranked(scorers, kind):
            scores = scorer.score(features)
            own: Columns = {
                "kind": [kind] * n,
                "model": [scorer.spec.name] * n,
                "due_ms": np.full(n, at_ms + horizon_ms),
                "state": scores.state,
                "score": scores.probability,
                "version": [scores.version] * n,
                "feature_set": [scorer.spec.features.fingerprint] * n,
            }
            blocks.append(shared | own)
    return blocks
