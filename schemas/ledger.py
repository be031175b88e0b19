"""The ledger: which runs of records are completely done, as told by rows that were written after all else.

The rows of a topic and partition are to *tile* its offsets: each begins where the one before it ended. Every owner of
a partition has an *epoch*, higher than any owner's before it, and starts after the last row that it finds. A row that
an earlier owner still wrote after that is *superseded*: an epoch's first offset overrules all rows of earlier epochs
from there on. What the superseded run wrote is written again, under the same keys, by the owner that overruled it.
So that this holds from the first profile that an owner writes, it enters its start beforehand, as a row of no records
whose ``last`` is just before its ``first``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

IDENTITY_BYTES = 8


class Span(NamedTuple):
    """Offsets from ``first`` to ``last``, both included."""

    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class LedgerRow:
    """A run of records of one topic and partition, all of whose effects are durable."""

    first: int
    last: int
    epoch: int
    records: int
    rows: int
    duplicates: int
    dead_letters: int
    passed: int = 0
    """Records that aren't for this log's reader, and that another one answers for."""
    erased: int = 0
    """Records about people who were erased, and those without a value that stand in their place."""
    max_ts_ms: int = 0
    min_ts_ms: int = 0
    """Earliest event time of the rows; 0 for not known."""
    written_ms: int = 0
    """When it was, Unix ms."""
    identities: bytes = b""
    """8 bytes, little-endian, an offset from ``first`` to ``last``: identity of the event, 0 where no row."""
    worker: str = ""

    @property
    def balanced(self) -> bool:
        """Whether what became of each record is known, and there are no more records than offsets."""
        accounted = self.rows + self.duplicates + self.dead_letters + self.passed + self.erased
        return self.records == accounted and self.records <= self.last - self.first + 1

    @property
    def skipped(self) -> int:
        """Offsets of the run at which there was no record: transaction markers, or records compacted away."""
        return self.last - self.first + 1 - self.records


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """The rows that count, in the order of their offsets, and what is wrong with them."""

    rows: tuple[LedgerRow, ...]
    superseded: tuple[LedgerRow, ...]
    gaps: tuple[Span, ...]
    overlaps: tuple[Span, ...]

    @property
    def first(self) -> int:
        """First offset that is done; -1 for none."""
        return self.rows[0].first if self.rows else -1

    @cached_property
    def last(self) -> int:
        """Last offset that is done; -1 for none. The next owner starts after it."""
        return max((row.last for row in self.rows), default=-1)

    @property
    def spans(self) -> list[Span]:
        """What is done, gaps left out."""
        if not self.rows:
            return []
        starts = [self.first, *(gap.last + 1 for gap in self.gaps)]
        ends = [*(gap.first - 1 for gap in self.gaps), self.last]
        return [Span(first, last) for first, last in zip(starts, ends, strict=True)]


def tile(rows: Iterable[LedgerRow], starts: Mapping[int, int] | None = None) -> Tiling:
    """Lay out the rows of one topic and partition, given in any order.

    ``starts`` is each epoch's first offset; to be given where ``rows`` are not all that the ledger has.

    >>> row = lambda first, last, epoch: LedgerRow(
    ...     first=first, last=last, epoch=epoch, records=10, rows=10, duplicates=0, dead_letters=0)
    >>> tiling = tile([row(0, 9, 1), row(10, 19, 1), row(10, 19, 2), row(30, 39, 2)])
    >>> [(row.first, row.epoch) for row in tiling.rows], tiling.gaps
    ([(0, 1), (10, 2), (30, 2)], (Span(first=20, last=29),))
    """
    given = sorted(rows, key=lambda row: (row.first, row.epoch))
    overruled_from = _overruled_from(starts if starts is not None else _starts(given))
    counting = [row for row in given if row.first < overruled_from.get(row.epoch, row.first + 1)]
    gaps, overlaps = [], []
    end = counting[0].first - 1 if counting else -1
    for row in counting:
        if row.first > end + 1:
            gaps.append(Span(end + 1, row.first - 1))
        elif row.first <= end:
            overlaps.append(Span(row.first, min(end, row.last)))
        end = max(end, row.last)
    return Tiling(
        rows=tuple(counting),
        superseded=tuple(
            row for row in given if row.records and row.first >= overruled_from.get(row.epoch, row.first + 1)
        ),
        gaps=tuple(gaps),
        overlaps=tuple(overlaps),
    )


def recent_identities(tiling: Tiling, window: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Identity and offset, each of shape (n,), of the rows that came of the last ``window`` offsets done.

    Raises ``ValueError`` where a row's identities don't fit its offsets.
    """
    parts = [_identities(row) for row in tiling.rows if row.last > tiling.last - window]
    identity = np.concatenate([np.empty(0, np.uint64), *(identity for identity, _ in parts)])
    offset = np.concatenate([np.empty(0, np.int64), *(offset for _, offset in parts)])
    kept = (identity != 0) & (offset > tiling.last - window)
    return identity[kept], offset[kept]


def _starts(rows: Iterable[LedgerRow]) -> dict[int, int]:
    starts: dict[int, int] = {}
    for row in rows:
        starts[row.epoch] = min(row.first, starts.get(row.epoch, row.first))
    return starts


def _overruled_from(starts: Mapping[int, int]) -> dict[int, int]:
    """From which offset on an epoch's rows are superseded, by epoch; the latest epoch isn't in it."""
    overruled: dict[int, int] = {}
    lowest: int | None = None
    for epoch in sorted(starts, reverse=True):
        if lowest is not None:
            overruled[epoch] = lowest
        lowest = starts[epoch] if lowest is None else min(lowest, starts[epoch])
    return overruled


def _identities(row: LedgerRow) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    identity = np.frombuffer(row.identities, "<u8")
    offset = np.arange(row.first, row.last + 1)
    if len(identity) not in (0, len(offset)):
        raise ValueError(f"Ledger row {row.first} to {row.last} has {len(identity)} identities")
    return identity, offset[: len(identity)]
