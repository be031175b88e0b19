"""One run of records at a time, from bytes to scores: everything that the compute thread does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.duplicates import identities
from models.engine import Engine, ScoredBatch
from models.partition import PartitionProfiles
from models.scoring import Scorer, champions
from models.suppression import Suppression
from schemas.alerts import Alert, Kind, Suppressed
from schemas.batch import EventBatch
from schemas.deadletters import DeadLetter
from schemas.decode import Decoder
from schemas.risks import MEMORY_MS
from schemas.topics import ALERTS_CHURN, ALERTS_FRAUD, DEAD_LETTERS, INPUTS, LABELS, REVIEWS_SCORED, TopicNames
from streams.clickhouse.reader import Reader
from streams.privacy.ingest import Ingest
from streams.settings import Settings
from streams.transport.run import RecordRun
from streams.transport.unpack import unpack
from streams.worker.alerting import alerts_of
from streams.worker.breaker import DeadLetterBreaker
from streams.worker.claims import Log, TopicPartition
from streams.worker.costs import Costs
from streams.worker.delivery import Delivery, Message
from streams.worker.following import Followed
from streams.worker.hydration import hydrate

ALERT_TOPICS: dict[Kind, str] = {"fraud": ALERTS_FRAUD, "churn": ALERTS_CHURN}


@dataclass(kw_only=True)
class Outcome:
    """What became of a run. A run whose records were all processed before has no more than its ack."""

    run: RecordRun
    epoch: int
    first: int = 0
    n_records: int = 0
    n_bytes: int = 0
    """Of the records' values, which the events keep."""
    n_duplicates: int = 0
    n_profiles: int = 0
    """That the events name."""
    n_missed: int = 0
    """Of these, that weren't in memory."""
    n_hydrated: int = 0
    """Of these, that were known."""
    identity: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    """By offset from ``first`` on: the identity of the event, 0 where there is no row."""
    max_ts_ms: int = 0
    min_ts_ms: int = 0
    scored: ScoredBatch | None = None
    labels: EventBatch | None = None
    scored_reviews: EventBatch | None = None
    dead_letters: list[DeadLetter] = field(default_factory=list)
    n_erased: int = 0
    """About people who were erased."""
    alerts: list[Alert] = field(default_factory=list)
    """That are sent."""
    suppressed: list[Suppressed] = field(default_factory=list)
    delivery: Future[None] | None = None

    @property
    def n_rows(self) -> int:
        return self.n_records - self.n_duplicates - len(self.dead_letters) - self.n_erased


class Processor:
    """Not thread-safe."""

    def __init__(
        self, settings: Settings, *, reader: Reader, delivery: Delivery, costs: Costs, clock_ms: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._delivery = delivery
        self._costs = costs
        self._clock_ms = clock_ms
        self._names = TopicNames(prefix=settings.topic_prefix)
        ahead_ms = int(settings.max_ahead_s * 1000)
        self._decoders = {topic: Decoder(topic, max_ahead_ms=ahead_ms) for topic in INPUTS}
        self.ingest = Ingest(settings)
        self._breakers: dict[TopicPartition, DeadLetterBreaker] = {}
        horizons_ms = settings.horizons_ms
        self._engine = Engine(churn_horizon_ms=horizons_ms.pop("churn"), further_horizons_ms=horizons_ms)
        self._thresholds: Mapping[Kind, float] = {}
        self._scorers: Mapping[str, Scorer] = {}
        self.profiles: dict[int, PartitionProfiles] = {}
        self.suppressions: dict[int, Suppression] = {}
        self.latest_ms: dict[int, int] = {}  # by partition, of all events so far
        self.tick = 0

    def follow(self, followed: Followed) -> None:
        """Score with these models and risks, alert from these thresholds, and leave out who was erased, from now on."""
        self._scorers = followed.scorers
        self._thresholds = followed.thresholds
        if followed.risks:
            self._engine.risks.take_over(followed.risks)
            self._engine.risks.forget_before(int(followed.risks["last_ms"].max(initial=0)) - MEMORY_MS)
        if followed.tombstones.number > self.ingest.tombstones.number:
            self.ingest.tombstones = followed.tombstones

    def forget_erased(self) -> None:
        """Forgets all about who was erased but what isn't written yet: to be called once it is."""
        tombstones = self.ingest.tombstones
        for profiles in self.profiles.values():
            profiles.forget_erased(tombstones)
        for suppression in self.suppressions.values():
            suppression.forget_erased(tombstones)
        self._engine.risks.forget_erased(tombstones)

    @property
    def champions(self) -> dict[Kind, Scorer]:
        """By kind; none before the first :meth:`follow`."""
        return champions(self._scorers)

    def process(self, run: RecordRun, log: Log) -> Outcome:
        """Blocks while profiles are hydrated. Raises ``Fatal`` where the run shouldn't be acknowledged."""
        outcome = Outcome(run=run, epoch=log.epoch)
        if run.last <= log.position:
            return outcome
        with self._costs.stage("decode"):
            records = unpack(run).after(log.position)
            if not len(records):
                return outcome
            decoded = self._decoders[run.topic].decode(run.partition, records)
            events, outcome.dead_letters, outcome.n_erased = self.ingest.admit(decoded)
            self._check(run, len(records), outcome.dead_letters)
            identity = identities(events.user_id, events.event_id)
            fresh = log.window.admit(identity, events.offset)
            outcome.first = int(records.offset[0])
            outcome.n_records = len(records)
            outcome.n_bytes = len(records.values.text)
            outcome.n_duplicates = len(fresh) - int(fresh.sum())
            outcome.identity = np.zeros(run.last - outcome.first + 1, dtype=np.uint64)
            outcome.identity[events.offset[fresh] - outcome.first] = identity[fresh]
            outcome.max_ts_ms = int(events.ts.max(initial=0))
            events = events.where(fresh)
            outcome.min_ts_ms = int(events.ts.min()) if len(events) else 0
        log.position = run.last
        if run.topic == LABELS:
            outcome.labels = events
        else:
            self._score(outcome, events)
            if run.topic == REVIEWS_SCORED:
                outcome.scored_reviews = events
        self._send(outcome)
        self._costs.counts["records"] += len(records)
        self._costs.counts["runs"] += 1
        return outcome

    def _check(self, run: RecordRun, n_records: int, letters: list[DeadLetter]) -> None:
        breaker = self._breakers.setdefault(
            (run.topic, run.partition),
            DeadLetterBreaker(ratio=self._settings.dead_letter_ratio, run=self._settings.dead_letter_run),
        )
        breaker.check(n_records, letters)

    def _score(self, outcome: Outcome, events: EventBatch) -> None:
        self.tick += 1
        profiles = self.profiles[events.partition]
        self.latest_ms[events.partition] = max(self.latest_ms.get(events.partition, 0), outcome.max_ts_ms)
        with self._costs.stage("hydrate"):
            missing = profiles.missing(events)
            outcome.n_profiles = profiles.n_named
            outcome.n_missed = sum(map(len, missing.values()))
            outcome.n_hydrated = hydrate(self._reader, events.partition, profiles, missing)
        with self._costs.stage("score"):
            outcome.scored = self._engine.score(events, profiles, self._scorers, tick=self.tick)
            raised = alerts_of(outcome.scored, self._scorers, self._thresholds, raised_ms=self._clock_ms())
            outcome.alerts, outcome.suppressed = self.suppressions[events.partition].decide(raised)

    def _send(self, outcome: Outcome) -> None:
        messages = [self.message_of(alert) for alert in outcome.alerts]
        to_dead_letters = self._names.on_broker(DEAD_LETTERS)
        letters = [letter.deliverable() for letter in outcome.dead_letters]
        messages += [
            Message(to_dead_letters, letter.letter_key, letter.to_json(), beside=letter.key) for letter in letters
        ]
        if messages:
            outcome.delivery = self._delivery.send(messages)

    def message_of(self, alert: Alert) -> Message:
        topic = self._names.on_broker(ALERT_TOPICS[alert.kind])
        return Message(topic, alert.alert_id.encode(), alert.to_json(), beside=alert.user_id.encode())

    def trim(self, limit: int) -> None:
        """Forgets the clean rows that were unused for longest, where there are more than ``limit`` rows in all."""
        held = sum(map(len, self.profiles.values()))
        if held <= limit:
            return
        tables = [table for profiles in self.profiles.values() for table in profiles.tables.values()]
        uses = np.sort(np.concatenate([table.last_uses() for table in tables]))
        surplus = min(held - limit + limit // 10, len(uses))
        if surplus:
            for profiles in self.profiles.values():
                profiles.forget_unused_since(int(uses[surplus - 1]))
