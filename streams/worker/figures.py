"""What a worker has done and how far it is: plain numbers, for metrics and probes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

from schemas.deadletters import field_of
from streams.metrics.spread import RECORDS, SECONDS, Spread
from streams.transport.run import RecordRun
from streams.worker.claims import TopicPartition
from streams.worker.following import Followed
from streams.worker.processor import Outcome


class Figures:
    """Each method is of one thread; any thread may read.

    Attributes
    ----------
    is_assigned
        Whether it is in the group and has taken over its partitions, which may be none.
    taken, done
        By topic and partition, the last offset that came, and the last that is written.
    progress_at
        When something last came to an end, by ``time.monotonic()``.
    followed_at
        When models and thresholds were last looked up, in seconds of Unix time; 0 before.
    """

    def __init__(self) -> None:
        self.is_assigned = False
        self.assignments = 0
        self.taken: dict[TopicPartition, int] = {}
        self.done: dict[TopicPartition, int] = {}
        self.progress_at = time.monotonic()
        self.followed: Followed | None = None
        self.followed_at = 0.0
        self.records: Counter[tuple[str, ...]] = Counter()
        self.letters: Counter[tuple[str, ...]] = Counter()
        self.alerts: Counter[tuple[str, ...]] = Counter()
        self.profiles: Counter[str] = Counter()
        self.delay_s: dict[tuple[str, ...], float] = {}
        self.run_records = Spread(RECORDS)
        self.run_s = Spread(SECONDS)
        self.flush_rows = Spread(RECORDS)
        self.flush_s = Spread(SECONDS)

    @property
    def is_busy(self) -> bool:
        """Whether it holds records that aren't written."""
        done = self.done
        return any(last > done.get(key, last) for key, last in self.taken.copy().items())

    def assigned(self, positions: Mapping[TopicPartition, int]) -> None:
        """Partitions were taken over, each done up to its offset."""
        self.taken, self.done = dict(positions), dict(positions)
        self.progress_at = time.monotonic()
        self.assignments += 1
        self.is_assigned = True

    def revoked(self) -> None:
        self.is_assigned = False
        self.taken, self.done = {}, {}

    def follows(self, followed: Followed) -> None:
        self.followed, self.followed_at = followed, time.time()

    def takes(self, run: RecordRun) -> None:
        """Before it is processed."""
        if not self.is_busy:
            self.progress_at = time.monotonic()
        self.taken[run.topic, run.partition] = run.last

    def processed(self, outcome: Outcome, took_s: float) -> None:
        self.progress_at = time.monotonic()
        self.run_records.observe(outcome.n_records)
        self.run_s.observe(took_s)
        self.profiles["hit"] += outcome.n_profiles - outcome.n_missed
        self.profiles["miss"] += outcome.n_missed
        self.profiles["hydrated"] += outcome.n_hydrated

    def written(self, outcomes: Sequence[Outcome], took_s: float, written_ms: int) -> None:
        """Once they are acknowledged."""
        self.progress_at = time.monotonic()
        self.flush_rows.observe(sum(outcome.n_records for outcome in outcomes))
        self.flush_s.observe(took_s)
        for outcome in outcomes:
            self._count(outcome, written_ms)

    def _count(self, outcome: Outcome, written_ms: int) -> None:
        topic, key = outcome.run.topic, (outcome.run.topic, outcome.run.partition)
        if key in self.done:
            self.done[key] = max(self.done[key], outcome.run.last)
        self.records[topic, "row"] += outcome.n_rows
        self.records[topic, "duplicate"] += outcome.n_duplicates
        self.records[topic, "dead letter"] += len(outcome.dead_letters)
        self.records[topic, "erased"] += outcome.n_erased
        if outcome.max_ts_ms:
            self.delay_s[topic,] = (written_ms - outcome.max_ts_ms) / 1000
        self.letters.update((topic, field_of(letter.reason)) for letter in outcome.dead_letters)
        self.alerts.update((alert.kind, "sent") for alert in outcome.alerts)
        self.alerts.update((one.alert.kind, "suppressed") for one in outcome.suppressed)
