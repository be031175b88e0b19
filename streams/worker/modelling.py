"""The models of a worker: it polls for new snapshots and decisions and, where it leads, learns the models."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from models.catalogue import MODELS, ModelSpec
from models.lineup import Lineup
from models.scoring import Scorer
from schemas.alerts import Kind
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.decisions import lineups
from streams.errors import SnapshotUnusable
from streams.learner.rounds import LearnerRounds, learner_rounds
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore
from streams.worker.costs import Costs

LEARN_AT_MOST_S = 5.0
"""Of one round, so that a model that has much to catch up doesn't keep decisions and other snapshots waiting."""

logger = logging.getLogger(__name__)


class Modelling:
    """For one thread at a time, which :meth:`round` blocks for up to some seconds.

    Parameters
    ----------
    stop
        Once set, an outage isn't waited for.

    Attributes
    ----------
    leading
        Whether this worker learns. Any thread may set it.
    """

    def __init__(self, settings: Settings, *, clock_ms: Callable[[], int], stop: threading.Event, costs: Costs) -> None:
        self.leading = False
        self._costs = costs
        self._settings = settings
        self._clock_ms = clock_ms
        self._stop = stop
        self._reader = Reader(settings, stop=stop)
        self._writer = Writer(settings, stop=stop)
        self._store = SnapshotStore(settings, self._reader, self._writer)
        self._learners: dict[str, LearnerRounds] = {}
        self._scorers: dict[str, Scorer] = {}
        self._champions: dict[Kind, str] = {}
        self._said: dict[str, str] = {}

    def round(self) -> dict[str, Scorer]:
        """Learns what is due, if this worker leads; returns what :meth:`poll` does."""
        if self.leading:
            with self._costs.stage("learn"):
                self._learn()
        with self._costs.stage("poll models"):
            return self.poll()

    def close(self) -> None:
        """Disconnect. It may go on afterwards."""
        self._reader.close()
        self._writer.close()
        for learner in self._learners.values():
            learner.close()

    def poll(self) -> dict[str, Scorer]:
        """A scorer by model, each kind's champion before its challengers; the same as before without another snapshot.

        A snapshot that may not be used is logged once, and what there was before it stays. At the first call there is
        nothing before it: raises ``SnapshotUnusable`` where it is a champion's.
        """
        versions = self._store.versions()
        scorers: dict[str, Scorer] = {}
        for kind, lineup in lineups(self._reader).items():
            for name in lineup.active:
                needed = name == lineup.champion and kind not in self._champions
                version = lineup.pins.get(name) or versions.get(name, "")
                self._scorers[name] = self._scorer(MODELS[name], version, needed=needed)
            self._champions[kind] = self._champion(kind, lineup)
            scorers |= {name: self._scorers[name] for name in (self._champions[kind], *lineup.active)}
        self._scorers = scorers
        return dict(scorers)

    def _scorer(self, spec: ModelSpec, version: str, *, needed: bool) -> Scorer:
        held = self._scorers.get(spec.name) or Scorer(spec, warm_up_examples=self._settings.warm_up_examples)
        if version in ("", held.version):
            return held
        try:
            found = self._store.at(spec, version)
        except SnapshotUnusable as error:
            if needed:
                raise
            self._say_once(f"score {spec.name}", f"{error}; {spec.name} goes on with {held.version or 'nothing'}")
            return held
        self._said.pop(f"score {spec.name}", None)
        return Scorer(spec, found, warm_up_examples=self._settings.warm_up_examples) if found else held

    def _champion(self, kind: Kind, lineup: Lineup) -> str:
        """The champion, or who was it before, as long as only that one can score."""
        wanted, before = lineup.champion, self._champions.get(kind, lineup.champion)
        if wanted != before and self._scorers[before].is_warm and not self._scorers[wanted].is_warm:
            self._say_once(f"champion {kind}", f"{wanted} can't score yet: {before} goes on as the champion of {kind}")
            return before
        if wanted != before:
            logger.info("%s is the champion of %s, after %s", wanted, kind, before)
        self._said.pop(f"champion {kind}", None)
        return wanted

    def _learn(self) -> None:
        """A batch of each model in turn, until none has more or it has taken long enough."""
        active = [name for lineup in lineups(self._reader).values() for name in lineup.active]
        for name in self._learners.keys() - set(active):
            self._learners.pop(name).close()
        for name in active:
            if name not in self._learners:
                self._learners[name] = learner_rounds(
                    MODELS[name], self._settings, clock_ms=self._clock_ms, stop=self._stop
                )
        until = time.monotonic() + LEARN_AT_MOST_S
        while active and self.leading and time.monotonic() < until:
            active = [name for name in active if self.leading and self._learnt_and_has_more(name)]

    def _learnt_and_has_more(self, name: str) -> bool:
        try:
            found = self._learners[name].run_once()
        except SnapshotUnusable as error:
            self._say_once(f"learn {name}", f"{name} does not learn: {error}")
            return False
        self._said.pop(f"learn {name}", None)
        self._costs.counts["learnt"] += found.learnt
        return found.more

    def _say_once(self, about: str, message: str) -> None:
        if self._said.get(about) != message:
            self._said[about] = message
            logger.error(message)
