"""What a model has learnt, read from the tables, and learnt once more in one go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.catalogue import ModelSpec
from models.examples import Examples
from models.features.sets import from_bytes
from models.learning import Learner
from streams.clickhouse.reader import Reader

# The line of the latest snapshot, followed from parent to parent.
_LINE = """
WITH RECURSIVE line AS (
    SELECT version, parent FROM models
    WHERE name = %(model)s AND version = (SELECT max(version) FROM models WHERE name = %(model)s)
    UNION ALL
    SELECT models.version, models.parent FROM models INNER JOIN line ON models.version = line.parent
    WHERE models.name = %(model)s
)
SELECT version FROM line
"""

_LEARNT = """
SELECT learnt.user_id AS user_id, learnt.event_id AS event_id, learnt.label AS label, learnt.score AS score,
    learnt.due_ms AS due_ms, predictions.features_f32 AS features_f32
FROM learnt FINAL INNER JOIN predictions FINAL
    ON learnt.user_id = predictions.user_id AND learnt.event_id = predictions.event_id
WHERE learnt.model = %(model)s AND predictions.model = %(model)s AND learnt.version IN %(line)s
ORDER BY learnt.version, learnt.labelled_ms, learnt.user_id, learnt.event_id
"""

_LAST = """
SELECT user_id, event_id, argMax(label, version) FROM learnt WHERE model = %(model)s AND version IN %(line)s
GROUP BY user_id, event_id
"""

_LATEST = "SELECT flat, examples, positives FROM models WHERE name = %(model)s ORDER BY version DESC LIMIT 1"


@dataclass(frozen=True)
class Relearnt:
    """A model's latest snapshot, and what follows from the rows of ``learnt`` in its line."""

    labels: dict[tuple[str, str], list[int]]
    """By shopper and event, in the order in which they were learnt."""
    flat: bytes
    examples: int
    positives: int
    linear_flat: bytes
    """Of a model that learnt the rows in one go."""
    n_snapshots: int


def relearnt(reader: Reader, spec: ModelSpec) -> Relearnt:
    line = [version for (version,) in reader.query(_LINE, {"model": spec.name})]
    rows = reader.columns(_LEARNT, {"model": spec.name, "line": line}, raw=("features_f32",))
    labels: dict[tuple[str, str], list[int]] = {}
    corrects = []
    for identity, label in zip(zip(rows["user_id"], rows["event_id"], strict=True), rows["label"], strict=True):
        corrects.append(identity in labels)
        labels.setdefault(identity, []).append(int(label))
    learner = Learner(spec)
    learner.learn(
        Examples(
            user_id=rows["user_id"],
            event_id=rows["event_id"],
            due_ms=rows["due_ms"],
            label=rows["label"].astype(np.bool_),
            score=rows["score"],
            features=from_bytes(rows["features_f32"], spec.features),
            corrects=np.array(corrects),
        )
    )
    latest = reader.columns(_LATEST, {"model": spec.name}, raw=("flat",))
    return Relearnt(
        labels=labels,
        flat=latest["flat"][0],
        examples=int(latest["examples"][0]),
        positives=int(latest["positives"][0]),
        linear_flat=learner.snapshot(created_ms=1, considered_ms={}).flat,
        n_snapshots=len(line),
    )


def last_labels(reader: Reader, spec: ModelSpec) -> dict[tuple[str, str], int]:
    """By shopper and event, of what is in the line of the latest snapshot."""
    line = [version for (version,) in reader.query(_LINE, {"model": spec.name})]
    rows = reader.query(_LAST, {"model": spec.name, "line": line or [""]})
    return {(user, event): label for user, event, label in rows}
