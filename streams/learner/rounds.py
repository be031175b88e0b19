"""One round of learning: gather what is due, learn it, write it, publish.

Written in this order, so that a crash anywhere loses nothing and learns nothing twice:

1. the examples, into ``learnt``, under the version of the snapshot that is to come
2. the snapshot, into ``models``: from now on they are learnt
3. metrics of the days that the examples are of, into ``model_metrics``, by themselves and not every round

Each round starts from the bytes of the latest snapshot, never from a pipeline in memory, so what a failed round had
learnt is gone with it.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from models.catalogue import ModelSpec
from models.errors import NotFlattened
from models.snapshots import Snapshot, considered_ms
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Fatal
from streams.learner.learnt import write_learnt
from streams.learner.metrics import METRICS_EVERY_ROUNDS, DailyMetrics
from streams.learner.silence import Silence
from streams.learner.source import Labelled, LabelSource, in_order, joined, nothing
from streams.learner.told import Told
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore

BATCH_EXAMPLES = 5_000
"""Examples of one round, at most: about 0.2 s of learning, so that a stop doesn't wait longer."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round did."""

    model: str
    version: str
    """The latest snapshot after it."""
    learnt: int
    corrected: int
    """Of those learnt, that were before, with the other label."""
    positives: int
    more: bool
    """There may be more due already: run again at once."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What the sources met besides, by name; gauges, not increments."""


class LearnerRounds:
    """Learns one model, on whatever one thread at a time calls it.

    Parameters
    ----------
    spec
        The model.
    store, writer
        Where snapshots are, and what writes the examples.
    sources
        Where labels come from. Where two have one for the same prediction, the earlier in the list counts.
    metrics
        Kept up with what was learnt whenever nothing more is due.
    clock_ms
        Unix milliseconds, for ``created_ms``; nothing is decided by it.
    batch_examples
        Examples of one round, at most.
    connections
        Closed with it.
    """

    def __init__(
        self,
        spec: ModelSpec,
        store: SnapshotStore,
        writer: Writer,
        sources: Sequence[LabelSource],
        metrics: DailyMetrics,
        *,
        clock_ms: Callable[[], int],
        batch_examples: int = BATCH_EXAMPLES,
        connections: Sequence[Reader | Writer] = (),
    ) -> None:
        self.spec = spec
        self._store = store
        self._writer = writer
        self._sources = sources
        self._metrics = metrics
        self._clock_ms = clock_ms
        self._batch_examples = batch_examples
        self._connections = connections
        self._parent: Snapshot | None = None

    def run_once(self) -> Round:
        """One round, which may find nothing to learn and then writes nothing. Blocks for up to a few seconds.

        May be called again after any exception. Raises ``SnapshotUnusable`` for a snapshot that may not be loaded,
        ``Fatal`` for a model that has no flat form, and as ``Reader`` and ``Writer`` do.
        """
        self._follow()
        examples, considered, counts, more = self._gather()
        if len(examples):
            self._parent = self._learn(examples, considered)
            corrections = int(examples.corrects.sum())
            logger.info("%s learnt %d examples, %d corrections", self._parent.version, len(examples), corrections)
        if self._parent and not more:
            self._metrics.keep_up(self._parent.version)
        return Round(
            model=self.spec.name,
            version=self._parent.version if self._parent else "",
            learnt=len(examples),
            corrected=int(examples.corrects.sum()),
            positives=int(examples.label.sum()),
            more=more,
            counts=counts,
        )

    def close(self) -> None:
        """Disconnect. It may run again."""
        for connection in self._connections:
            connection.close()

    def _follow(self) -> None:
        """Take up the latest snapshot: after a start, a failed round whose outcome isn't known, or another's round."""
        version = self._parent.version if self._parent else ""
        if self._store.version(self.spec.name) != version:
            self._parent = self._store.latest_whole(self.spec)

    def _gather(self) -> tuple[Labelled, dict[int, int], dict[str, int], bool]:
        """Examples, how far each partition is considered, counts, and whether there may be more."""
        examples = nothing(self.spec)
        considered = considered_ms(self._parent)
        counts: Counter[str] = Counter()
        for source in self._sources:
            # A later source must not label what an earlier one has a label for, beyond this batch.
            if len(examples) >= self._batch_examples:
                return in_order(examples), considered, counts, True
            found = source.take(self._parent, self._batch_examples)
            considered.update(found.considered_ms)
            counts.update(found.counts)
            examples, more = joined(examples, found.examples), len(found.examples) == self._batch_examples
        return in_order(examples), considered, counts, more

    def _learn(self, examples: Labelled, considered: dict[int, int]) -> Snapshot:
        # Imports River, which takes a second of CPU: not before there is something to learn.
        from models.learning import Learner

        learner = Learner(self.spec, self._store.load(self.spec, self._parent) if self._parent else None)
        learner.learn(examples)
        try:
            snapshot = learner.snapshot(created_ms=self._clock_ms(), considered_ms=considered)
        except NotFlattened as error:
            raise Fatal(f"the model {self.spec.name!r} can't be published: {error}") from None
        write_learnt(self._writer, snapshot, examples)
        return self._store.publish(snapshot)


def learner_rounds(
    spec: ModelSpec,
    settings: Settings,
    *,
    clock_ms: Callable[[], int],
    batch_examples: int = BATCH_EXAMPLES,
    stop: threading.Event | None = None,
) -> LearnerRounds:
    """The learner of a model, with the sources that its kind has and connections of its own; :meth:`close` it."""
    reader, writer = Reader(settings, stop=stop), Writer(settings, stop=stop)
    sources: list[LabelSource] = [Told(spec, reader)]
    if spec.kind in settings.horizons_ms:
        # A producer's clock may be this far ahead, and the watermark with it.
        sources.append(Silence(spec, reader, lateness_ms=int(settings.max_ahead_s * 1000)))
    store = SnapshotStore(settings, reader, writer)
    per_day = settings.alerts_per_day(spec.kind)
    every_s = METRICS_EVERY_ROUNDS * settings.learn_interval_s
    metrics = DailyMetrics(spec, reader, writer, clock_ms=clock_ms, per_day=per_day, every_s=every_s)
    return LearnerRounds(
        spec,
        store,
        writer,
        sources,
        metrics,
        clock_ms=clock_ms,
        batch_examples=batch_examples,
        connections=(reader, writer),
    )
