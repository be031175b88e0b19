"""A duty, and the leader that does its duties in turn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from streams.metrics.spread import SECONDS, Spread
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
    took_s
        By duty, how long it took in each round.
    done_at
        By duty, when it last came to its end, in seconds of Unix time.
    """

    def __init__(self, duties: Sequence[Duty], *, costs: Costs) -> None:
        self.leading = False
        self.took_s: dict[str, Spread] = {}
        self.done_at: dict[str, float] = {}
        self._duties = duties
        self._costs = costs
        self._due_s = dict.fromkeys(range(len(duties)), float("-inf"))

    def round(self) -> None:
        """Does what is due, each duty until it has no more or has taken ``AT_MOST_S``. Raises as duties do."""
        for place, duty in enumerate(self._duties):
            if not self.leading or time.monotonic() < self._due_s[place]:
                continue
            self._due_s[place] = time.monotonic() + duty.every_s
            began = time.monotonic()
            until = began + AT_MOST_S
            more = True
            with self._costs.stage(duty.name):
                while more and self.leading and time.monotonic() < until:
                    more = duty.run()
            if more:
                self._due_s[place] = float("-inf")
            self.took_s.setdefault(duty.name, Spread(SECONDS)).observe(time.monotonic() - began)
            self.done_at[duty.name] = time.time()

    def close(self) -> None:
        """Disconnect. It may go on afterwards."""
        for duty in self._duties:
            duty.close()
