"""A duty, and the leader that does its duties in turn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from streams.worker.costs import Costs

AT_MOST_S = 5.0
"""Of one duty in a round, so that one that has much to catch up doesn't keep the others waiting."""


class Duty(Protocol):
    """Used by one thread at a time. After any exception it may be done again, and starts from what is in the tables."""

    @property
    def name(self) -> str:
        """Of its stage in the costs."""

    @property
    def every_s(self) -> float:
        """Time from one round to the next in which it is done; 0 for each round."""

    def run(self) -> bool:
        """Does a part of what is due, of a second or so, which it blocks for; tells whether there may be more."""

    def close(self) -> None:
        """Disconnect. It may be done again."""


class Leader:
    """Does its duties while it leads.

    Attributes
    ----------
    leading
        Any thread may set it.
    """

    def __init__(self, duties: Sequence[Duty], *, costs: Costs) -> None:
        self.leading = False
        self._duties = duties
        self._costs = costs
        self._due_s = dict.fromkeys(range(len(duties)), float("-inf"))

    def round(self) -> None:
        """Does what is due, each duty until it has no more or has taken ``AT_MOST_S``. Raises as duties do."""
        for place, duty in enumerate(self._duties):
            if not self.leading or time.monotonic() < self._due_s[place]:
                continue
            self._due_s[place] = time.monotonic() + duty.every_s
            until = time.monotonic() + AT_MOST_S
            more = True
            with self._costs.stage(duty.name):
                while more and self.leading and time.monotonic() < until:
                    more = duty.run()
            if more:
                self._due_s[place] = float("-inf")

    def close(self) -> None:
        """Disconnect. It may go on afterwards."""
        for duty in self._duties:
            duty.close()
