"""What one flush writes: the outcomes since the last one, and the profiles as they are after them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import xxhash

from models.catalogue import MODELS
from models.engine import Predictions, ScoredBatch
from models.features.sets import to_bytes
from models.partition import PartitionProfiles
from models.profiles.table import Dirty
from models.scoring import Scorer, Scores
from schemas import alerts
from schemas.alerts import Kind
from schemas.batch import NUMBERS, TEXTS, EventBatch
from schemas.layout import KINDS
from schemas.texts import Pools, Texts
from schemas.topics import BEHAVIOUR
from streams.shopper_scores import shopper_scores
from streams.worker.claims import Start
from streams.worker.processor import Outcome

Columns = dict[str, Any]

_LABEL_TEXTS = ("event_id", "user_id", "target", "verdict")
_SCORED_REVIEW_TEXTS = ("event_id", "user_id", "item")
_EVENT_TEXTS = tuple(name for name in TEXTS if name not in ("target", "verdict"))
_EVENT_NUMBERS = tuple(name for name in NUMBERS if name != "sentiment")


@dataclass(frozen=True, kw_only=True)
class DirtyProfiles:
    partition: int
    kind: str
    profiles: PartitionProfiles
    rows: Dirty
    latest_ms: int = 0
    """The latest event time known of the partition."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Its columns are built on the writer thread, from what no other thread changes any more."""

    outcomes: Sequence[Outcome]
    dirty: Sequence[DirtyProfiles]
    starts: Sequence[Start]
    written_ms: int
    champions: Mapping[Kind, Scorer] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        return sum(outcome.n_records for outcome in self.outcomes)

    @property
    def token(self) -> str:
        """Names the runs and their owners' epochs, for ``insert_deduplication_token``."""
        runs = (f"{o.run.topic}-{o.run.partition}-{o.epoch}-{o.first}-{o.run.last}" for o in self.outcomes)
        return xxhash.xxh3_128_hexdigest(" ".join(runs).encode())

    def events(self) -> list[Columns]:
        """One block a topic: the columns that a topic doesn't use are left out of its block."""
        by_topic: dict[str, list[ScoredBatch]] = defaultdict(list)
        for outcome in self.outcomes:
            if outcome.scored and len(outcome.scored.events):
                by_topic[outcome.run.topic].append(outcome.scored)
        return [self._scored_events(by_topic[topic]) for topic in BEHAVIOUR if topic in by_topic]

    def _scored_events(self, batches: Sequence[ScoredBatch]) -> Columns:
        columns = self._event_columns([batch.events for batch in batches], numbers=_EVENT_NUMBERS, texts=_EVENT_TEXTS)
        run = np.repeat(np.arange(len(batches)), [len(batch.events) for batch in batches])
        for kind in batches[0].scores:
            scores = [batch.scores[kind] for batch in batches]
            columns[f"{kind}_state"] = np.concatenate([score.state for score in scores])
            columns[f"{kind}_score"] = np.concatenate([score.probability for score in scores])
            columns[f"{kind}_version"] = Texts.of([score.version for score in scores]).take(run)
        return columns

    def scored_reviews(self) -> Columns:
        batches = [found for outcome in self.outcomes if (found := outcome.scored_reviews) is not None and len(found)]
        return self._event_columns(batches, numbers=("rating", "sentiment"), texts=_SCORED_REVIEW_TEXTS)

    def labels(self) -> Columns:
        batches = [outcome.labels for outcome in self.outcomes if outcome.labels is not None and len(outcome.labels)]
        return self._event_columns(batches, numbers=(), texts=_LABEL_TEXTS)

    def _event_columns(self, batches: Sequence[EventBatch], *, numbers: Sequence[str], texts: Sequence[str]) -> Columns:
        if not batches:
            return {}
        events = EventBatch.joined(batches)
        columns: Columns = {
            "topic": Texts.of([events.topic]).take(np.zeros(len(events), dtype=np.intp)),
            "partition": np.repeat([batch.partition for batch in batches], [len(batch) for batch in batches]),
            "offset": events.offset,
            "type_code": events.type,
            "ts": events.ts,
            "written_ms": np.full(len(events), self.written_ms),
        }
        columns |= {name: getattr(events, name) for name in numbers}
        columns |= {name: text for name in texts if (text := getattr(events, name)).size.any()}
        return columns

    def dead_letters(self) -> Columns:
        letters = [letter for outcome in self.outcomes for letter in outcome.dead_letters]
        return {
            "topic": [letter.topic for letter in letters],
            "partition": np.array([letter.partition for letter in letters], dtype=np.int32),
            "offset": np.array([letter.offset for letter in letters], dtype=np.int64),
            "record_ts": np.array([letter.record_ts for letter in letters], dtype=np.int64),
            "reason": [letter.reason for letter in letters],
            "key": [letter.key for letter in letters],
            "value": [letter.value for letter in letters],
            "written_ms": np.full(len(letters), self.written_ms),
        }

    def predictions(self) -> Columns:
        parts = [
            part
            for outcome in self.outcomes
            if outcome.scored
            for predictions in outcome.scored.predictions
            if len(predictions.rows)
            for part in self._prediction_columns(outcome.scored.events, predictions)
        ]
        return _joined(parts)

    def _prediction_columns(self, events: EventBatch, predictions: Predictions) -> Iterator[Columns]:
        """Of each model. All but their scores is the same, and is made once."""
        rows = predictions.rows
        n = len(rows)
        shared: Columns = {
            "kind": [predictions.kind] * n,
            "event_id": events.event_id.take(rows).tolist(),
            "user_id": events.user_id.take(rows).tolist(),
            "topic": [events.topic] * n,
            "partition": np.full(n, events.partition),
            "offset": events.offset[rows],
            "ts_ms": events.ts[rows],
            "due_ms": predictions.due_ms,
            "amount": events.amount[rows],
            "features_f32": to_bytes(predictions.features),
            "written_ms": np.full(n, self.written_ms),
        }
        for model, scores in predictions.scores.items():
            yield shared | _score_columns(model, scores)

    def profiles(self) -> Columns:
        """All kinds in one block, so that what a shopper's pass decides for the others, such as that a purchase is
        abnormal, is durable together with the shopper's own row, or not at all."""
        parts: list[Columns] = [
            {
                "kind": np.full(len(part.rows), KINDS.index(part.kind), dtype=np.uint8),
                "partition": np.full(len(part.rows), part.partition, dtype=np.int32),
                **part.rows.columns,
            }
            for part in self.dirty
        ]
        return _joined(parts)

    def shopper_scores(self) -> Columns:
        """Of the shoppers whose profiles changed, at the latest event time: silence since their last one counts."""
        if "churn" not in self.champions or not self.champions["churn"].is_warm:
            return {}
        return _joined(
            [
                shopper_scores(
                    self.champions,
                    part.rows.columns["id"],
                    part.rows.profiles,
                    partition=part.partition,
                    as_of_ms=part.latest_ms,
                    written_ms=self.written_ms,
                ).columns
                for part in self.dirty
                if part.kind == "user"
            ]
        )

    def alerts(self) -> Columns:
        return alerts.to_columns(
            [alert for outcome in self.outcomes for alert in outcome.alerts],
            [alert for outcome in self.outcomes for alert in outcome.suppressed],
        )

    def starts_in_ledger(self, worker: str) -> Columns:
        """Rows of no records, each just before the first of its epoch, which takes its place under the same key."""
        n = len(self.starts)
        first = np.array([start.first for start in self.starts], dtype=np.int64)
        return {
            "topic": [start.topic for start in self.starts],
            "partition": np.array([start.partition for start in self.starts], dtype=np.int32),
            "first": first,
            "last": first - 1,
            "epoch": np.array([start.epoch for start in self.starts], dtype=np.uint64),
            "worker": [worker] * n,
            "written_ms": np.full(n, self.written_ms - 1),
        }

    def ledger(self, worker: str) -> Columns:
        new = [outcome for outcome in self.outcomes if outcome.n_records]
        n = len(new)
        return {
            "topic": [outcome.run.topic for outcome in new],
            "partition": np.array([outcome.run.partition for outcome in new], dtype=np.int32),
            "first": np.array([outcome.first for outcome in new], dtype=np.int64),
            "last": np.array([outcome.run.last for outcome in new], dtype=np.int64),
            "epoch": np.array([outcome.epoch for outcome in new], dtype=np.uint64),
            "records": np.array([outcome.n_records for outcome in new], dtype=np.uint32),
            "rows": np.array([outcome.n_rows for outcome in new], dtype=np.uint32),
            "duplicates": np.array([outcome.n_duplicates for outcome in new], dtype=np.uint32),
            "dead_letters": np.array([len(outcome.dead_letters) for outcome in new], dtype=np.uint32),
            "erased": np.array([outcome.n_erased for outcome in new], dtype=np.uint32),
            "max_ts_ms": np.array([outcome.max_ts_ms for outcome in new], dtype=np.int64),
            "min_ts_ms": np.array([outcome.min_ts_ms for outcome in new], dtype=np.int64),
            "identities": [outcome.identity.astype("<u8").tobytes() for outcome in new],
            "worker": [worker] * n,
            "written_ms": np.full(n, self.written_ms),
        }


def _score_columns(model: str, scores: Scores) -> Columns:
    n = len(scores.state)
    return {
        "model": [model] * n,
        "state": scores.state,
        "score": scores.probability,
        "version": [scores.version] * n,
        "feature_set": [MODELS[model].features.fingerprint] * n,
    }


def _joined(parts: Sequence[Columns]) -> Columns:
    if not parts:
        return {}
    return {name: _chained([part[name] for part in parts]) for name in parts[0]}


def _chained(columns: Sequence[Any]) -> Any:
    if isinstance(columns[0], np.ndarray):
        return np.concatenate(columns)
    return Pools().joined(columns) if isinstance(columns[0], Texts) else list(chain.from_iterable(columns))
