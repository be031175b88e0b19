"""Texts into batches: neighbours by length, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ROWS = 32
"""Tokens of texts laid end to end are filled up to a multiple: oneDNN compiles a kernel for each count."""

PADDING = 0.05
"""Share of a batch's tokens that padding may take; packed windows of real reviews stay far below."""


def plan(lengths: Sequence[int], budget: int, *, padded: bool) -> list[list[int]]:
    """Every row once, in batches of at most ``budget`` tokens (see :func:`size`), or of one text that is longer.

    ``padded`` for a forward that pads to the longest text of a batch: padding then counts in the budget and takes at
    most the share :data:`PADDING`. The longest texts come first, so that no long batch is left for one thread at the
    end, and that memory that doesn't suffice is known early.
    """
    budget = budget if padded else max(budget // ROWS * ROWS, 1)
    batches: list[list[int]] = []
    rows: list[int] = []
    tokens = longest = 0
    for row in np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable").tolist():
        length = lengths[row]
        taken = longest * (len(rows) + 1) if padded else tokens + length
        if rows and (taken > budget or (padded and taken - tokens - length > PADDING * taken)):
            batches.append(rows)
            rows, tokens = [], 0
        if not rows:
            longest = length
        rows.append(row)
        tokens += length
    return [*batches, rows] if rows else batches


def size(lengths: Sequence[int], *, padded: bool) -> int:
    """Tokens that a batch makes the model read, padding included."""
    return max(lengths) * len(lengths) if padded else -(-sum(lengths) // ROWS) * ROWS


def halves(rows: list[int]) -> tuple[list[int], list[int]]:
    middle = len(rows) // 2
    return rows[:middle], rows[middle:]
