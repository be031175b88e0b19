"""A run of events as columns: the form in which events travel from the decoder to the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

TEXTS = (
    "event_id",
    "user_id",
    "item",
    "category",
    "brand",
    "currency",
    "query",
    "session",
    "order_id",
    "method",
    "card",
    "ip",
    "device",
    "country",
    "merchant",
    "text",
    "target",
    "verdict",
)
NUMBERS = ("price", "quantity", "amount", "rating")


@dataclass(frozen=True, kw_only=True, slots=True)
class EventBatch:
    """Events of one topic and partition, in offset order, n of them. A column is a sequence or array of length n."""

    topic: str
    partition: int
    offset: npt.NDArray[np.int64]
    type: npt.NDArray[np.uint8]
    ts: npt.NDArray[np.int64]

    event_id: Sequence[str]
    user_id: Sequence[str]
    item: Sequence[str]
    category: Sequence[str]
    brand: Sequence[str]
    currency: Sequence[str]
    query: Sequence[str]
    session: Sequence[str]
    order_id: Sequence[str]
    method: Sequence[str]
    card: Sequence[str]
    ip: Sequence[str]
    device: Sequence[str]
    country: Sequence[str]
    merchant: Sequence[str]
    text: Sequence[str]
    target: Sequence[str]
    verdict: Sequence[str]

    price: npt.NDArray[np.float64]
    quantity: npt.NDArray[np.float64]
    amount: npt.NDArray[np.float64]
    rating: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.offset)

    def take(self, keep: npt.NDArray[np.bool_]) -> EventBatch:
        """The events where ``keep``, of shape (n,), is true; the batch itself where all are."""
        if keep.all():
            return self
        rows = np.flatnonzero(keep)
        columns = {
            field.name: _taken(getattr(self, field.name), rows)
            for field in fields(self)
            if field.name not in ("topic", "partition")
        }
        return EventBatch(topic=self.topic, partition=self.partition, **columns)


def _taken(column: Any, rows: npt.NDArray[np.intp]) -> Any:
    if isinstance(column, np.ndarray):
        return column[rows]
    return [column[row] for row in rows]
