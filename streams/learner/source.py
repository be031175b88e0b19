"""What a source of labels gives. Another source joins by being one more in the list that a learner is made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from models.catalogue import ModelSpec
from models.examples import Examples
from models.features.sets import from_bytes
from models.snapshots import Snapshot


@dataclass(frozen=True, kw_only=True)
class Found:
    """Examples that the model hasn't learnt, in the order in which to learn them."""

    examples: Examples
    considered_ms: Mapping[int, int] = field(default_factory=dict)
    """By partition, the event time up to which what is due has been considered with these examples; empty where the
    source isn't driven by time."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was met besides, by name."""


class LabelSource(Protocol):
    """One source of labels for one model, used by one thread."""

    def take(self, parent: Snapshot | None, limit: int) -> Found:
        """Up to ``limit`` examples that aren't in ``parent``. Blocks. Gives the same again until they are learnt."""


def to_examples(spec: ModelSpec, columns: Mapping[str, Any], label: Any) -> Examples:
    """Examples of the columns of ``predictions``, with their labels, of shape (n,)."""
    return Examples(
        user_id=columns["user_id"],
        event_id=columns["event_id"],
        due_ms=columns["due_ms"],
        label=np.asarray(label, dtype=np.bool_),
        score=columns["score"],
        features=from_bytes(columns["features_f32"], spec.features),
    )


def nothing(spec: ModelSpec) -> Examples:
    return to_examples(
        spec,
        {
            "user_id": [],
            "event_id": [],
            "due_ms": np.empty(0, np.int64),
            "score": np.empty(0, np.float32),
            "features_f32": [],
        },
        [],
    )


def without(examples: Examples, others: Examples) -> Examples:
    """The examples that aren't among the others."""
    known = set(zip(others.user_id, others.event_id, strict=True))
    keep = [row for row, pair in enumerate(zip(examples.user_id, examples.event_id, strict=True)) if pair not in known]
    if len(keep) == len(examples):
        return examples
    return replace(
        examples,
        user_id=[examples.user_id[row] for row in keep],
        event_id=[examples.event_id[row] for row in keep],
        due_ms=examples.due_ms[keep],
        label=examples.label[keep],
        score=examples.score[keep],
        features=examples.features[keep],
    )


def joined(first: Examples, second: Examples) -> Examples:
    """All of the first, then those of the second that aren't among them."""
    rest = without(second, first)
    return Examples(
        user_id=[*first.user_id, *rest.user_id],
        event_id=[*first.event_id, *rest.event_id],
        due_ms=np.concatenate([first.due_ms, rest.due_ms]),
        label=np.concatenate([first.label, rest.label]),
        score=np.concatenate([first.score, rest.score]),
        features=np.concatenate([first.features, rest.features]),
    )
