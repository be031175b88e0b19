"""The formats on the topics as JSON Schema, for those who produce and consume in other languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from schemas.alerts import Alert, SystemAlert
from schemas.deadletters import DeadLetter
from schemas.events import EVENTS_OF_TOPIC, Review, ReviewScored
from schemas.segments.changes import SegmentChange
from schemas.topics import (
    ALERTS_CHURN,
    ALERTS_FRAUD,
    ALERTS_SYSTEM,
    DEAD_LETTERS,
    REVIEWS,
    REVIEWS_SCORED,
    SEGMENT_CHANGES,
)

FORMATS: dict[str, Any] = {
    **EVENTS_OF_TOPIC,
    REVIEWS: Review,
    REVIEWS_SCORED: ReviewScored,
    ALERTS_FRAUD: Alert,
    ALERTS_CHURN: Alert,
    ALERTS_SYSTEM: SystemAlert,
    SEGMENT_CHANGES: SegmentChange,
    DEAD_LETTERS: DeadLetter,
}
"""What a record's value holds, by topic in the contract."""

_MARKUP = re.compile(r"``|:\w+:(?=`)|(?<=[^`])`(?=[^`])")


def json_schema(topics: Sequence[str]) -> dict[str, Any]:
    """A schema with one property a topic, and the types of all of them under ``$defs``.

    Raises ``KeyError`` for a topic that isn't one of ``FORMATS``.
    """
    schemas, types = msgspec.json.schema_components([FORMATS[topic] for topic in topics], ref_template="#/$defs/{name}")
    for described in types.values():
        for part in (described, *described.get("properties", {}).values()):
            if "description" in part:
                part["description"] = " ".join(_MARKUP.sub("", part["description"]).split())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": dict(zip(topics, schemas, strict=True)),
        "$defs": types,
    }
