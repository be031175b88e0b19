"""The models of a worker: it polls for new snapshots and, where it leads, learns them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from models.catalogue import MODELS
from models.scoring import Scorer
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.learner.rounds import LearnerRounds, learner_rounds
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore
from streams.worker.costs import Costs


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
        self._warm_up_examples = settings.warm_up_examples
        self._store = SnapshotStore(settings, Reader(settings, stop=stop), Writer(settings, stop=stop))
        self._learners = [learner_rounds(spec, settings, clock_ms=clock_ms, stop=stop) for spec in MODELS.values()]
        self._scorers = {name: Scorer(spec, warm_up_examples=self._warm_up_examples) for name, spec in MODELS.items()}

    def round(self) -> dict[str, Scorer]:
        """Learns what is due, if this worker leads; returns the scorers of the latest snapshots."""
        if self.leading:
            with self._costs.stage("learn"):
                for learner in self._learners:
                    self._learn(learner)
        with self._costs.stage("poll models"):
            return self.poll()

    def _learn(self, learner: LearnerRounds) -> None:
        more = True
        while more and self.leading:
            found = learner.run_once()
            self._costs.counts["learnt"] += found.learnt
            more = found.more

    def poll(self) -> dict[str, Scorer]:
        """A scorer by model; the same one as before where there is no newer snapshot."""
        for name, spec in MODELS.items():
            newer = self._store.newer(spec, self._scorers[name].version)
            if newer is not None:
                self._scorers[name] = Scorer(spec, newer, warm_up_examples=self._warm_up_examples)
        return dict(self._scorers)
