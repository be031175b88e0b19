"""What a source of labels gives. Another source joins by being one more in the list that a learner is made with.

A model learns from all predictions of its kind whose features are its own, whichever model made them, so a challenger
learns what came before it, too. A score is taken over only from its own predictions.

It learns from a prediction once the ledger has its record. Until then the worker that wrote it may be gone, and the
next owner, who comes to the record by another way, scores it once more, on other features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from models.catalogue import ModelSpec
from models.examples import Examples
from models.features.sets import from_bytes
from models.snapshots import Snapshot
from streams.clickhouse.ledger import next_offsets
from streams.clickhouse.reader import Reader

OWN_SCORE = "if(predictions.model = %(model)s, predictions.score, CAST(nan, 'Float32'))"
"""The score of a row of ``predictions``, if it is of the ``model``."""

OWN_FIRST = "predictions.model = %(model)s DESC, predictions.written_ms DESC LIMIT 1 BY user_id, event_id"
"""Ends an ``ORDER BY`` so that one row of each prediction is left: that of the ``model``, where it scored, too."""

IS_DONE = """predictions.offset < arrayElement(
    %(next_offsets)s, indexOf(%(logs)s, concat(predictions.topic, ' ', toString(predictions.partition)))
)"""
"""Whether a row of ``predictions`` is of a record that is done, or of none, by the parameters of :func:`logs_done`. A
log that isn't known has index 0, for which arrayElement gives 0; what comes from no record has offset -1."""


def logs_done(reader: Reader) -> dict[str, Any]:
    """Parameters of ``IS_DONE``, to be read before what it is asked of."""
    offsets = next_offsets(reader)
    return {
        "logs": [f"{topic} {partition}" for topic, partition in offsets] or [""],
        "next_offsets": list(offsets.values()) or [0],
    }


@dataclass(frozen=True, kw_only=True)
class Labelled(Examples):
    """Examples with their event times."""

    ts_ms: npt.NDArray[np.int64]
    """Of what was scored."""
    labelled_ms: npt.NDArray[np.int64]
    """Of the label."""
    corrects: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Found:
    """Examples that the model hasn't learnt, or has learnt with the other label; the earliest label first."""

    examples: Labelled
    considered_ms: Mapping[int, int] = field(default_factory=dict)
    """By partition, the event time up to which what is due has been considered with these examples; empty where the
    source isn't driven by time."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was met besides, by name."""


class LabelSource(Protocol):
    """One source of labels for one model, used by one thread."""

    def take(self, parent: Snapshot | None, limit: int) -> Found:
        """Up to ``limit`` examples that aren't in ``parent``, or are with another label. Blocks. Gives the same again
        until they are learnt."""


def to_examples(spec: ModelSpec, columns: Mapping[str, Any], label: Any) -> Labelled:
    """Examples of columns of ``predictions``, and ``labelled_ms`` and ``corrects``; ``label`` is of shape (n,)."""
    return Labelled(
        user_id=columns["user_id"],
        event_id=columns["event_id"],
        due_ms=columns["due_ms"],
        label=np.asarray(label, dtype=np.bool_),
        score=columns["score"],
        features=from_bytes(columns["features_f32"], spec.features),
        ts_ms=columns["ts_ms"],
        labelled_ms=columns["labelled_ms"],
        corrects=np.asarray(columns["corrects"], dtype=np.bool_),
    )


def nothing(spec: ModelSpec) -> Labelled:
    return to_examples(
        spec,
        {
            "user_id": [],
            "event_id": [],
            **{name: np.empty(0, np.int64) for name in ("ts_ms", "labelled_ms", "due_ms")},
            "score": np.empty(0, np.float32),
            "features_f32": [],
            "corrects": [],
        },
        [],
    )


def without(examples: Labelled, others: Labelled) -> Labelled:
    """The examples that aren't among the others."""
    known = set(zip(others.user_id, others.event_id, strict=True))
    keep = [row for row, pair in enumerate(zip(examples.user_id, examples.event_id, strict=True)) if pair not in known]
    return examples if len(keep) == len(examples) else _taken(examples, keep)


def joined(first: Labelled, second: Labelled) -> Labelled:
    """All of the first, then those of the second that aren't among them."""
    rest = _columns(without(second, first))
    both: dict[str, Any] = {
        name: np.concatenate([values, rest[name]]) if isinstance(values, np.ndarray) else [*values, *rest[name]]
        for name, values in _columns(first).items()
    }
    return Labelled(**both)


def in_order(examples: Labelled) -> Labelled:
    """By the time of the label, then shopper and event: an order that the table ``learnt`` tells again."""
    keys = list(zip(examples.labelled_ms.tolist(), examples.user_id, examples.event_id, strict=True))
    return _taken(examples, sorted(range(len(keys)), key=keys.__getitem__))


def _taken(examples: Labelled, rows: list[int]) -> Labelled:
    taken: dict[str, Any] = {
        name: values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]
        for name, values in _columns(examples).items()
    }
    return Labelled(**taken)


def _columns(examples: Labelled) -> dict[str, Any]:
    return {column.name: getattr(examples, column.name) for column in fields(examples)}
