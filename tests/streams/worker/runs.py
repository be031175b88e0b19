"""Runs of records, as the transport would bring them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from schemas.records import Record
from schemas.topics import CARTS, CLICKS, LABELS, REVIEWS, REVIEWS_SCORED
from streams.transport.packed import pack
from streams.transport.run import RecordRun

NOW_MS = 1_700_000_000_000
"""Each record's time, and the time of all events but those that say another."""

_NEEDED: dict[str, dict[str, Any]] = {
    "view": {"item": "boots"},
    "search": {"query": "boots"},
    "purchase": {"order_id": "order", "amount": 30.0},
    "review": {"item": "boots", "rating": 5, "text": "As it should be."},
    "review_scored": {"item": "boots", "sentiment": 0.5},
    "fraud_label": {"target": "event 1", "verdict": "fraud"},
}
_TYPES = {CLICKS: "view", CARTS: "purchase", REVIEWS: "review", REVIEWS_SCORED: "review_scored", LABELS: "fraud_label"}


def record(topic: str, offset: int, number: int | None = None, **fields: Any) -> Record:
    """A record of the event ``number``, by default its offset, of the topic's usual type."""
    kind = fields.pop("type", _TYPES[topic])
    event = {"type": kind, "event_id": f"event {offset if number is None else number}", "user_id": "ann", "ts": NOW_MS}
    event |= _NEEDED.get(kind, {}) | fields
    return Record(offset, NOW_MS, event["user_id"].encode(), json.dumps(event).encode())


def broken(offset: int, value: bytes = b"not an event", key: bytes = b"ann") -> Record:
    return Record(offset, NOW_MS, key, value)


def run_of(
    topic: str, records: Sequence[Record], *, partition: int = 0, ack: Callable[[], None] = lambda: None
) -> RecordRun:
    (packed,) = pack(records, len(records))
    return RecordRun(
        topic=topic, partition=partition, packed=packed, after=-1, ack=ack, generation=1, end=packed.last + 1
    )


def run_from(topic: str, first: int, last: int, *, partition: int = 0, **fields: Any) -> RecordRun:
    """A different event at each offset from ``first`` to ``last``, both included."""
    return run_of(topic, [record(topic, offset, **fields) for offset in range(first, last + 1)], partition=partition)
