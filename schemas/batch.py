"""A run of events as columns: the form in which events travel from the decoder to the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from schemas.texts import Pools, Texts

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
NUMBERS = ("price", "quantity", "amount", "rating", "sentiment")


@dataclass(frozen=True, kw_only=True, slots=True)
class EventBatch:
    """Events of one topic and partition, in offset order, n of them. A column is a sequence or array of length n."""

    topic: str
    partition: int
    offset: npt.NDArray[np.int64]
    type: npt.NDArray[np.uint8]
    ts: npt.NDArray[np.int64]

    event_id: Texts
    user_id: Texts
    item: Texts
    category: Texts
    brand: Texts
    currency: Texts
    query: Texts
    session: Texts
    order_id: Texts
    method: Texts
    card: Texts
    ip: Texts
    device: Texts
    country: Texts
    merchant: Texts
    text: Texts
    target: Texts
    verdict: Texts

    price: npt.NDArray[np.float64]
    quantity: npt.NDArray[np.float64]
    amount: npt.NDArray[np.float64]
    rating: npt.NDArray[np.float64]
    sentiment: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.offset)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The events of one or more parts, of one topic, one part after the other; the partition is the first one's."""
        if len(parts) == 1:
            return parts[0]
        pools = Pools()
        columns = {name: _joined([getattr(part, name) for part in parts], pools) for name in _COLUMNS}
        return cls(topic=parts[0].topic, partition=parts[0].partition, **columns)

    def take(self, rows: npt.NDArray[np.intp]) -> Self:
        """The events in ``rows``, in that order."""
        columns = {name: getattr(self, name).take(rows) for name in _COLUMNS}
        return type(self)(topic=self.topic, partition=self.partition, **columns)

    def where(self, keep: npt.NDArray[np.bool_]) -> Self:
        """The events where ``keep``, of shape (n,), is true; the batch itself where all are."""
        return self if keep.all() else self.take(np.flatnonzero(keep))


_COLUMNS = [field.name for field in fields(EventBatch) if field.name not in ("topic", "partition")]


def _joined(columns: Sequence[Any], pools: Pools) -> Any:
    return pools.joined(columns) if isinstance(columns[0], Texts) else np.concatenate(columns)
