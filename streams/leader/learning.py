"""The duty of learning: each model that takes part learns what got its label."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from models.catalogue import MODELS
from streams.clickhouse.reader import Reader
from streams.decisions import lineups
from streams.errors import SnapshotUnusable
from streams.learner.rounds import LearnerRounds, learner_rounds
from streams.settings import Settings
from streams.worker.costs import Costs

logger = logging.getLogger(__name__)


class Learning:
    """A :class:`~streams.leader.duty.Duty`. A snapshot that may not be loaded is logged once, and its model waits."""

    name = "learn"
    every_s = 0.0

    def __init__(self, settings: Settings, *, clock_ms: Callable[[], int], stop: threading.Event, costs: Costs) -> None:
        self._settings = settings
        self._clock_ms = clock_ms
        self._stop = stop
        self._costs = costs
        self._reader = Reader(settings, stop=stop)
        self._learners: dict[str, LearnerRounds] = {}
        self._said: dict[str, str] = {}

    def run(self) -> bool:
        """A batch of each model."""
        active = [name for lineup in lineups(self._reader).values() for name in lineup.active]
        for name in self._learners.keys() - set(active):
            self._learners.pop(name).close()
        has_more = [self._learnt_and_has_more(name) for name in active]
        return any(has_more)

    def close(self) -> None:
        self._reader.close()
        for learner in self._learners.values():
            learner.close()

    def _learnt_and_has_more(self, name: str) -> bool:
        if name not in self._learners:
            self._learners[name] = learner_rounds(
                MODELS[name], self._settings, clock_ms=self._clock_ms, stop=self._stop
            )
        try:
            found = self._learners[name].run_once()
        except SnapshotUnusable as error:
            if self._said.get(name) != str(error):
                logger.error("%s does not learn: %s", name, error)
            self._said[name] = str(error)
            return False
        self._said.pop(name, None)
        self._costs.counts["learnt"] += found.learnt
        return found.more
