"""How many rows an erasure has removed from where, also if it was broken off and run again.

Before rows are removed it is written down how many there are, and once more when they are gone. Of a look that wasn't
followed by that, as many were removed as the next one found fewer.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from streams.clickhouse.columns import Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer

_ATTEMPTS = """
SELECT place, rows, done FROM erasures_removed FINAL WHERE erasure = %(erasure)s ORDER BY place, attempt
"""


class Attempt(NamedTuple):
    rows: int
    """That there were."""
    done: bool
    """Whether they are gone."""


def removed(attempts: Sequence[Attempt]) -> int:
    """By one place's attempts, in their order.

    >>> removed([Attempt(10, False), Attempt(4, True), Attempt(1, True)])
    11
    """
    left = [attempt.rows for attempt in attempts][1:] + [0] * bool(attempts)
    return sum(rows if done else max(0, rows - after) for (rows, done), after in zip(attempts, left, strict=True))


class Notes:
    """What is written down of one erasure. Blocks."""

    def __init__(self, reader: Reader, writer: Writer, erasure: int) -> None:
        self._reader = reader
        self._writer = writer
        self._erasure = erasure

    def found(self, places: Mapping[str, int]) -> int:
        """Before they are removed: rows by place. Returns what :meth:`gone` is to be told."""
        attempt = time.time_ns()
        self._note(places, attempt, done=False)
        return attempt

    def gone(self, places: Mapping[str, int], attempt: int) -> None:
        self._note(places, attempt, done=True)

    def removed(self) -> dict[str, int]:
        """Rows by place."""
        attempts: dict[str, list[Attempt]] = defaultdict(list)
        for place, rows, done in self._reader.query(_ATTEMPTS, {"erasure": self._erasure}):
            attempts[place].append(Attempt(int(rows), bool(done)))
        return {place: removed(of_place) for place, of_place in attempts.items()}

    def _note(self, places: Mapping[str, int], attempt: int, *, done: bool) -> None:
        columns: dict[str, Column] = {
            "erasure": [self._erasure] * len(places),
            "place": list(places),
            "attempt": [attempt] * len(places),
            "rows": list(places.values()),
            "done": [done] * len(places),
        }
        self._writer.insert("erasures_removed", columns, token=f"erasures_removed-{self._erasure}-{attempt}-{done}")
