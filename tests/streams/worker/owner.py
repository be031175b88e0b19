"""The parts of a worker on one thread: claims, processor and flush, real ones on a real engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from models.catalogue import KINDS, of_kind
from models.duplicates import DuplicateWindow
from models.partition import PartitionProfiles
from models.scoring import Scorer
from models.suppression import Suppression
from schemas.alerts import ALERTED
from schemas.topics import BEHAVIOUR, LABELS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from streams.transport.run import RecordRun
from streams.worker.alerting import suppression
from streams.worker.claims import Claims, Log, TopicPartition
from streams.worker.costs import Costs
from streams.worker.cut import Cut, DirtyProfiles
from streams.worker.delivery import Delivery
from streams.worker.flush import Flush
from streams.worker.following import Followed
from streams.worker.processor import Outcome, Processor
from tests.streams.worker.runs import NOW_MS

DEADLINE_S = 20.0
_CHAMPIONS = [of_kind(kind)[0] for kind in KINDS]
COLD: Mapping[str, Scorer] = {spec.name: Scorer(spec, warm_up_examples=1) for spec in _CHAMPIONS}


def partition(number: int) -> set[TopicPartition]:
    """A partition of all topics."""
    return {(topic, number) for topic in (*BEHAVIOUR, LABELS)}


class Owner:
    """Closes nothing: the reader and the writer are the test's.

    Attributes
    ----------
    open
        Outcomes since the last cut.
    """

    def __init__(
        self,
        settings: Settings,
        reader: Reader,
        writer: Writer,
        *,
        worker: str = "w1",
        delivery: Delivery | None = None,
        scorers: Mapping[str, Scorer] = COLD,
    ) -> None:
        self.costs = Costs()
        self.claims = Claims(worker=worker, duplicate_window=settings.duplicate_window)
        self.processor = Processor(
            settings,
            reader=reader,
            delivery=delivery or Delivery(settings),
            costs=self.costs,
            clock_ms=lambda: NOW_MS,
        )
        self._settings = settings
        self.follow(scorers)
        self.open: list[Outcome] = []
        self._reader, self._writer = reader, writer
        self._flush = Flush(writer, worker=worker, deadline_s=DEADLINE_S, costs=self.costs)

    def follow(self, scorers: Mapping[str, Scorer]) -> None:
        thresholds = {kind: self._settings.least_threshold(kind) for kind in ALERTED}
        self.processor.follow(Followed(scorers=scorers, thresholds=thresholds))

    def take(self, partitions: Collection[TopicPartition], now_ms: int = NOW_MS) -> set[TopicPartition]:
        new = self.claims.take(self._reader, self._writer, partitions, now_ms)
        for topic, number in new:
            if topic == BEHAVIOUR[0]:
                self.processor.profiles[number] = PartitionProfiles(epoch=self.claims.logs[topic, number].epoch)
                self.processor.suppressions[number] = suppression(
                    self._reader,
                    number,
                    after={topic: self.claims.logs[topic, number].position for topic in BEHAVIOUR},
                    window_ms=self._settings.alert_suppress_ms,
                )
        return new

    def begin(self, number: int = 0, *, epoch: int = 1) -> None:
        """Owns a partition of which there is nothing in the tables, without asking them."""
        for key in partition(number):
            self.claims.logs[key] = Log(epoch=epoch, window=DuplicateWindow(window=self.claims.duplicate_window))
        self.processor.profiles[number] = PartitionProfiles(epoch=epoch, complete=True)
        self.processor.suppressions[number] = Suppression(self._settings.alert_suppress_ms)

    def process(self, *runs: RecordRun) -> list[Outcome]:
        done = [self.processor.process(run, self.claims.logs[run.topic, run.partition]) for run in runs]
        self.open += done
        return done

    def cut(self) -> Cut:
        outcomes, self.open = self.open, []
        dirty = [
            DirtyProfiles(
                partition=number,
                kind=kind,
                profiles=profiles,
                rows=rows,
                latest_ms=self.processor.latest_ms[number],
            )
            for number, profiles in self.processor.profiles.items()
            for kind, rows in profiles.take_dirty()
        ]
        starts = self.claims.starts({part.partition for part in dirty})
        return Cut(
            outcomes=outcomes,
            dirty=dirty,
            starts=starts,
            written_ms=NOW_MS,
            champions=self.processor.champions,
        )

    def write(self, cut: Cut) -> None:
        self._flush.write(cut)
        for part in cut.dirty:
            part.profiles.tables[part.kind].written(part.rows)

    def work(self, *runs: RecordRun) -> list[Outcome]:
        """Processes runs, and makes what they leave durable."""
        done = self.process(*runs)
        self.write(self.cut())
        return done
