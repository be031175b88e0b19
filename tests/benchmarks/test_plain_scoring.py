"""The plain worker is a fair opponent: it computes what the worker does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.catalogue import MODELS
from models.engine import Engine
from models.partition import PartitionProfiles
from models.scoring import Scorer
from models.snapshots import Loaded
from schemas.batch import NUMBERS, TEXTS, EventBatch
from schemas.events import Purchase
from schemas.layout import KINDS, PROFILE_COLUMNS
from streams.bench.models import decoded
from streams.bench.plain_scoring import PlainScorer
from streams.bench.shop import Shop

HORIZON_MS = 30 * 86_400_000
EVENTS = 3_000
AGGREGATES = [name for name in PROFILE_COLUMNS if name not in ("kind", "partition", "id")]


def constant_models() -> dict[str, Any]:
    model = SimpleNamespace(predict_proba_one=lambda features: {True: 0.5})
    return {name: Loaded(SimpleNamespace(version="v"), model) for name in MODELS}  # type: ignore[arg-type]


def single(batch: EventBatch, row: int) -> Any:
    event = SimpleNamespace(**{name: getattr(batch, name)[row] for name in TEXTS})
    event.__dict__.update({name: float(getattr(batch, name)[row]) for name in NUMBERS})
    event.code, event.ts = int(batch.type[row]), int(batch.ts[row])
    return event


def test_it_predicts_from_the_same_features_and_writes_the_same_profiles() -> None:
    engine = Engine(churn_horizon_ms=HORIZON_MS)
    scorers = {name: Scorer(spec, warm_up_examples=0) for name, spec in MODELS.items()}
    profiles = PartitionProfiles(epoch=0, complete=True)
    plain = PlainScorer(constant_models(), churn_horizon_ms=HORIZON_MS)
    n_purchases = 0
    for tick, events in enumerate(decoded(Shop(users=300), EVENTS), 1):
        profiles.missing(events)
        scored = engine.score(events, profiles, scorers, tick=tick)
        features = [
            plain.score(single(events, row), topic=events.topic, partition=0, offset=int(events.offset[row]))
            for row in range(len(events))
        ]
        for predictions in scored.predictions:
            names = MODELS[predictions.kind].features.names
            for row, expected in zip(predictions.rows.tolist(), predictions.features, strict=True):
                churn, fraud = features[row]
                found = fraud if predictions.kind == "fraud" else churn
                np.testing.assert_allclose([found[name] for name in names], expected, rtol=2e-4, atol=1e-5)
        n_purchases += int((events.type == Purchase.code).sum())
        rows = plain.take_rows()
        assert len(rows.events) == len(events)
        assert sorted(row[2] for row in rows.predictions) == sorted(
            events.event_id[row] for predictions in scored.predictions for row in predictions.rows
        )
        written = {row[:3]: list(row[3:]) for row in rows.profiles}
        dirty = dict(profiles.take_dirty())
        assert len(written) == sum(map(len, dirty.values()))
        for kind, part in dirty.items():
            for at, id in enumerate(part.columns["id"]):
                expected_row = [part.columns[name][at] for name in AGGREGATES]
                assert written[KINDS.index(kind), 0, str(id)] == pytest.approx(expected_row, rel=1e-9, abs=1e-9)
            profiles.tables[kind].written(part)
    assert n_purchases > EVENTS / 50
