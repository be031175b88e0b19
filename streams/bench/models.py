"""Models that score, for workers to load: their snapshots learnt from the first events of a shop, with random labels.

How well they predict is beside the point here; what a score costs doesn't depend on it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import numpy as np

from models.catalogue import KINDS, MODELS, of_kind
from models.engine import Engine, Predictions
from models.examples import Examples
from models.learning import Learner
from models.lineup import Decision
from models.partition import PartitionProfiles
from models.scoring import SCORED, Scorer
from schemas.batch import EventBatch
from schemas.decode import Decoder
from schemas.topics import BEHAVIOUR
from streams.bench.load import Load
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.decisions import lineups, write_decision
from streams.errors import Fatal
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore

EVENTS = 20_000
EXAMPLES = 800
"""Of each model: above the default of ``FOOTFALL_WARM_UP_EXAMPLES``."""
_POSITIVE = 0.1
_HORIZON_MS = 30 * 86_400_000
_SCORES = "SELECT model, count() FROM predictions FINAL WHERE state = %(scored)s GROUP BY model ORDER BY model"


class BenchRecord(NamedTuple):
    """What the decoder reads of a Kafka record."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes


def decoded(load: Load, n: int) -> Iterator[EventBatch]:
    """A shop's events as a worker of one partition gets them."""
    decoders = {topic: Decoder(topic) for topic in BEHAVIOUR}
    next_offset = dict.fromkeys(BEHAVIOUR, 0)
    for chunk in load.events(n):
        for topic in BEHAVIOUR:
            rows = [row for row, name in enumerate(chunk.topic) if name == topic]
            records = [
                BenchRecord(offset, int(chunk.ts[row]), chunk.key[row], chunk.value[row])
                for offset, row in enumerate(rows, next_offset[topic])
            ]
            next_offset[topic] += len(rows)
            if records:
                yield decoders[topic].decode(0, records).events


def publish_models(settings: Settings, load: Load) -> None:
    """Write a warm snapshot of every model to the database of ``settings``."""
    engine = Engine(churn_horizon_ms=_HORIZON_MS, further_horizons_ms={"churn_long": 3 * _HORIZON_MS})
    profiles = PartitionProfiles(epoch=1, complete=True)
    scorers = {name: Scorer(spec, warm_up_examples=0) for name, spec in MODELS.items()}
    learners = {name: Learner(spec) for name, spec in MODELS.items()}
    left = dict.fromkeys(MODELS, EXAMPLES)
    rng = np.random.default_rng(load.seed)
    for tick, events in enumerate(decoded(load, EVENTS), 1):
        profiles.missing(events)
        for predictions in engine.score(events, profiles, scorers, tick=tick).predictions:
            for model in predictions.scores:
                examples = _examples(events, predictions, left[model], rng)
                learners[model].learn(examples)
                left[model] -= len(examples)
    with closing(Reader(settings)) as reader, closing(Writer(settings)) as writer:
        store = SnapshotStore(settings, reader, writer)
        for learner in learners.values():
            store.publish(learner.snapshot(created_ms=time.time_ns() // 1_000_000, considered_ms={}))


def challenge(settings: Settings) -> None:
    """Have one challenger of each kind that has any learn and score beside its champion, for workers that start
    afterwards."""
    with closing(Writer(settings)) as writer:
        for kind in KINDS:
            for spec in of_kind(kind)[1:2]:
                write_decision(
                    writer, Decision(kind=kind, decided_ms=1, action="challenge", model=spec.name, who="bench")
                )


def scores_by_model(settings: Settings) -> dict[str, int]:
    """How many scores workers wrote, of each model that takes part.

    Raises ``Fatal`` unless the models of a kind scored all the same events, and some.
    """
    with closing(Reader(settings)) as reader:
        found = dict(reader.query(_SCORES, {"scored": SCORED}))
        kinds = [list(lineup.active) for lineup in lineups(reader).values()]
    for names in kinds:
        counts = {found.get(name, 0) for name in names}
        if len(counts) > 1 or 0 in counts:
            raise Fatal(f"the models {', '.join(names)} were to score the same events, but the scores are {found}")
    return found


def _examples(events: EventBatch, predictions: Predictions, limit: int, rng: np.random.Generator) -> Examples:
    rows = predictions.rows[:limit]
    return Examples(
        user_id=[events.user_id[row] for row in rows],
        event_id=[events.event_id[row] for row in rows],
        due_ms=predictions.due_ms[:limit],
        label=rng.random(len(rows)) < _POSITIVE,
        score=np.full(len(rows), np.nan, dtype=np.float32),
        features=predictions.features[:limit],
    )
