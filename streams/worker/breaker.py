"""Stops a worker whose input is mostly dead letters: better a halt than a topic drained into them."""

from __future__ import annotations

from collections import deque

from schemas.deadletters import DeadLetter
from streams.errors import Fatal


class DeadLetterBreaker:
    """Watches one topic and partition.

    Parameters
    ----------
    ratio
        Share of dead letters beyond which it stops.
    run
        Records over which the share is taken: at least that many must have come.
    """

    def __init__(self, *, ratio: float, run: int) -> None:
        self.ratio = ratio
        self.run = run
        self._seen: deque[tuple[int, int]] = deque()  # records and letters of the latest batches
        self._records = 0
        self._letters = 0

    def check(self, n_records: int, letters: list[DeadLetter]) -> None:
        """Takes a batch in. Raises ``Fatal`` where the share is exceeded, with the latest reason."""
        self._seen.append((n_records, len(letters)))
        self._records += n_records
        self._letters += len(letters)
        while self._records - self._seen[0][0] >= self.run:
            records, gone = self._seen.popleft()
            self._records -= records
            self._letters -= gone
        if letters and self._records >= self.run and self._letters > self.ratio * self._records:
            last = letters[-1]
            raise Fatal(
                f"{self._letters} of the last {self._records} records of {last.topic} partition {last.partition} can't "
                f"be used (offset {last.offset}: {last.reason}); nothing of them was acknowledged. If they belong "
                f"among the dead letters, raise FOOTFALL_DEAD_LETTER_RATIO above {self.ratio}"
            )
