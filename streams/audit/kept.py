"""Which runs of the ledger can be held against the tables: those of which retention has removed nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.ledger import LedgerRow, Span, Tiling


class Part(NamedTuple):
    """Of what is done in a partition."""

    spans: list[Span]
    total: int
    """Rows, or dead letters, of its runs."""
    left_out: int
    """Those of all other runs."""

    def holds(self, offset: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether each offset, of shape (n,), is in one of the spans, which are in their order and apart."""
        firsts = np.array([span.first for span in self.spans], dtype=np.int64)
        lasts = np.array([-1, *(span.last for span in self.spans)], dtype=np.int64)
        held: npt.NDArray[np.bool_] = offset <= lasts[np.searchsorted(firsts, offset, side="right")]
        return held


def kept_rows(tiling: Tiling, gone_before_ms: int) -> Part:
    """The runs without a row from before ``gone_before_ms``, in event time; 0 where all are kept."""
    return _part(tiling, gone_before_ms, lambda row: row.rows, lambda row: row.min_ts_ms)


def kept_letters(tiling: Tiling, gone_before_ms: int) -> Part:
    """The runs without a dead letter that was written before ``gone_before_ms``; 0 where all are kept."""
    return _part(tiling, gone_before_ms, lambda row: row.dead_letters, lambda row: row.written_ms)


def _part(
    tiling: Tiling, gone_before_ms: int, count: Callable[[LedgerRow], int], since_ms: Callable[[LedgerRow], int]
) -> Part:
    everything = sum(map(count, tiling.rows))
    if not gone_before_ms:
        return Part(tiling.spans, everything, 0)
    rows = [row for row in tiling.rows if not count(row) or since_ms(row) >= gone_before_ms]
    kept = sum(map(count, rows))
    return Part(_joined(rows), kept, everything - kept)


def _joined(rows: list[LedgerRow]) -> list[Span]:
    """Their spans, those that follow on each other as one."""
    spans: list[Span] = []
    for row in rows:
        if spans and row.first <= spans[-1].last + 1:
            spans[-1] = Span(spans[-1].first, max(spans[-1].last, row.last))
        else:
            spans.append(Span(row.first, row.last))
    return spans
