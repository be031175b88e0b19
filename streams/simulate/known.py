"""The truth of a simulation in memory, to hold what was found against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from streams.errors import Invalid
from streams.simulate.truth import Columns


class KnownShopper(NamedTuple):
    user_id: str
    joined_ms: int
    silent_ms: int
    """No event of the shopper's is at that time or later."""
    ring: int
    """0 for none."""
    fraud: str
    """What the ring does; empty for none."""


class KnownPurchase(NamedTuple):
    event_id: str
    user_id: str
    ts: int
    ring: int
    fraud: str
    """Empty for none."""


class Known:
    """``write`` takes what ``Truth`` tells; what it tells of topics is left out."""

    def __init__(self) -> None:
        self.shoppers: list[KnownShopper] = []
        self.purchases: list[KnownPurchase] = []

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """What ``footfall simulate --truth`` wrote. Raises ``Invalid`` where it isn't that."""
        known = cls()
        try:
            for row in _rows(path):
                known._take(row["row"], row)
        except (OSError, KeyError, msgspec.DecodeError, pa.ArrowException) as error:
            raise Invalid(f"{path} isn't the truth of a simulation: {error or type(error).__name__}") from None
        return known

    def write(self, what: str, columns: Columns) -> None:
        for row in zip(*columns.values(), strict=True):
            self._take(what, dict(zip(columns, row, strict=True)))

    def _take(self, what: str, row: Mapping[str, Any]) -> None:
        if what == "shopper":
            self.shoppers.append(KnownShopper(*(row[name] for name in KnownShopper._fields)))
        elif what == "purchase":
            self.purchases.append(KnownPurchase(*(row[name] for name in KnownPurchase._fields)))


def _rows(path: Path) -> Iterable[Mapping[str, Any]]:
    if path.suffix == ".parquet":
        return (row for batch in pq.ParquetFile(path).iter_batches() for row in batch.to_pylist())
    with path.open("rb") as file:
        return [msgspec.json.decode(line, type=dict[str, Any]) for line in file]
