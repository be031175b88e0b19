"""From a run of records to the reviews in it that are to be scored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.duplicates import identities
from schemas.batch import EventBatch
from schemas.decode import Decoder
from schemas.records import Records
from schemas.topics import REVIEWS
from streams.privacy.ingest import Ingest
from streams.settings import Settings
from streams.transport.run import RecordRun
from streams.transport.unpack import unpack
from streams.worker.claims import Log

PORTION_RECORDS = 128
"""Records of a portion, at most. A run may hold thousands, which take the engine longer than others should wait."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Portion:
    """Records of a run that follow one another. It may have none: of a run whose records were all done before only the
    ack is left."""

    run: RecordRun
    epoch: int
    first: int
    last: int
    records: Records
    """Of the run: those of the portion are among them."""
    n_records: int = 0
    n_duplicates: int = 0
    n_passed: int = 0
    """Records that can't be decoded, of which the scoring workers make dead letters; and reviews of stars alone."""
    n_erased: int = 0
    """About people who were erased."""
    max_ts_ms: int = 0
    min_ts_ms: int = 0
    oldest_ms: int | None = None
    """The earliest record's own time; None where no record has one."""
    reviews: EventBatch
    """Those to score."""
    identity: npt.NDArray[np.uint64]
    """(n_reviews,)"""
    texts: list[str]
    """(n_reviews,)"""

    @property
    def ends_run(self) -> bool:
        """Whether the run is done once this is."""
        return self.last == self.run.last


class Intake:
    """Decodes and drops duplicates on the one thread that uses it.

    Attributes
    ----------
    ingest
        What records go through first.
    """

    def __init__(self, settings: Settings) -> None:
        self.ingest = Ingest(settings)
        self._decoder = Decoder(REVIEWS, max_ahead_ms=int(settings.max_ahead_s * 1000))

    def take(self, run: RecordRun, log: Log) -> list[Portion]:
        """The run in portions, at least one. CPU-bound. ``log`` moves on to the run's end.

        Raises ``Fatal`` where a batch isn't what Kafka specifies.
        """
        records = unpack(run).after(log.position)
        events, undecodable, _ = self.ingest.admit(self._decoder.decode(run.partition, records))
        identity = identities(events.user_id, events.event_id)
        fresh = log.window.admit(identity, events.offset)
        silent = np.array([not text.strip() for text in events.text], dtype=np.bool_)
        passed = np.array([letter.offset for letter in undecodable] + events.offset[silent].tolist(), dtype=np.int64)
        log.position = max(log.position, run.last)
        worded = ~silent
        return list(_portions(run, log.epoch, records, events.where(worded), identity[worded], fresh[worded], passed))


def _portions(
    run: RecordRun,
    epoch: int,
    records: Records,
    events: EventBatch,
    identity: npt.NDArray[np.uint64],
    fresh: npt.NDArray[np.bool_],
    passed: npt.NDArray[np.int64],
) -> Iterator[Portion]:
    """``passed`` holds offsets; all arrays are in the order of offsets."""
    n = len(records)
    for start in range(0, max(n, 1), PORTION_RECORDS):
        end = min(start + PORTION_RECORDS, n)
        first = int(records.offset[start]) if n else run.last
        last = int(records.offset[end - 1]) if end < n else run.last
        rows = slice(*np.searchsorted(events.offset, (first, last + 1)).tolist())
        kept = np.flatnonzero(fresh[rows]) + rows.start
        reviews = events.take(kept)
        n_records = end - start
        n_passed = int(((passed >= first) & (passed <= last)).sum())
        timed = records.timestamp[start:end]
        timed = timed[timed >= 0]
        yield Portion(
            run=run,
            epoch=epoch,
            first=first,
            last=last,
            records=records,
            n_records=n_records,
            n_duplicates=rows.stop - rows.start - len(kept),
            n_passed=n_passed,
            n_erased=n_records - (rows.stop - rows.start) - n_passed,
            max_ts_ms=int(events.ts[rows].max(initial=0)),
            min_ts_ms=int(reviews.ts.min()) if len(reviews) else 0,
            oldest_ms=int(timed.min()) if len(timed) else None,
            reviews=reviews,
            identity=identity[kept],
            texts=reviews.text.tolist(),
        )
