"""Reasons: what raised a score most, and what contributions add up to."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from models.catalogue import CHURN, MODELS, ModelSpec
from models.engine import Engine
from models.examples import Examples
from models.learning import Learner
from models.partition import PartitionProfiles
from models.phrases import said, said_of
from models.reasons import TOP, none, strongest
from models.scoring import Scorer
from models.snapshots import flattened, sign
from streams.bench.models import decoded
from streams.bench.shop import Shop

KEY = "a key of the tests"


@cache
def shop_features(kind: str) -> np.ndarray:  # type: ignore[type-arg]
    """Of a shop's events, as a worker computes them: shape (n, features)."""
    engine, profiles = Engine(churn_horizon_ms=1), PartitionProfiles(epoch=1, complete=True)
    scorers = {name: Scorer(spec, warm_up_examples=0) for name, spec in MODELS.items()}
    found = []
    for tick, events in enumerate(decoded(Shop(users=300), 6_000), 1):
        profiles.missing(events)
        scored = engine.score(events, profiles, scorers, tick=tick)
        found += [one.features for one in scored.predictions if one.kind == kind]
    return np.concatenate(found)


def learnt_from(spec: ModelSpec, features: np.ndarray) -> Scorer:  # type: ignore[type-arg]
    n = len(features)
    learner = Learner(spec)
    learner.learn(
        Examples(
            user_id=[f"u{row}" for row in range(n)],
            event_id=[f"e{row}" for row in range(n)],
            due_ms=np.arange(n),
            label=np.random.default_rng(1).random(n) < 0.3,
            score=np.full(n, np.nan, np.float32),
            features=features,
        )
    )
    snapshot = sign(learner.snapshot(created_ms=1, considered_ms={}), KEY)
    return Scorer(spec, flattened(snapshot, KEY, spec.features), warm_up_examples=1)


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_contributions_and_base_are_the_log_odds_of_the_score(spec: ModelSpec) -> None:
    features = shop_features("fraud" if spec.kind == "fraud" else "churn")
    scorer = learnt_from(spec, features[:300])
    assert scorer._model is not None
    probability = scorer._model.probability(features)
    log_odds = np.log(probability) - np.log1p(-probability)
    assert log_odds.std() > 0.01
    added = scorer.base + scorer._model.contributions(features).sum(axis=1)
    np.testing.assert_allclose(added, log_odds, rtol=0, atol=1e-6)


def test_reasons_are_the_largest_contributions() -> None:
    rng = np.random.default_rng(2)
    features = rng.normal(size=(500, 9)).astype(np.float32)
    parts = np.asfortranarray(rng.integers(-6, 4, size=(500, 9)) / 2)  # many are the same
    names = [f"feature {place}" for place in range(9)]
    reasons = strongest(names, features, parts)
    order = np.argsort(-parts, axis=1, kind="stable")[:, :TOP]
    raised = np.take_along_axis(parts, order, axis=1) > 0
    assert not raised.all()
    np.testing.assert_array_equal(reasons.place, np.where(raised, order, -1))
    np.testing.assert_array_equal(reasons.contribution, np.where(raised, np.take_along_axis(parts, order, axis=1), 0))
    np.testing.assert_array_equal(reasons.value, np.where(raised, np.take_along_axis(features, order, axis=1), 0))
    for rank in range(TOP):
        assert reasons.features(rank).tolist() == [names[at] if at >= 0 else "" for at in reasons.place[:, rank]]


def test_columns_and_lists_tell_the_same() -> None:
    features = shop_features("churn")[:200]
    reasons = learnt_from(CHURN, features).reasons(features)
    for row, listed in enumerate(reasons.listed()):
        assert [reason.feature for reason in listed] == [
            name for rank in range(TOP) if (name := reasons.features(rank)[row])
        ]
        assert [reason.text for reason in listed] == [said(reason.feature, reason.value) for reason in listed]
    assert none(["a"], 2).listed() == [[], []]


@pytest.mark.parametrize("value", [np.log1p(3), np.log1p(12), 0.0, np.inf, np.nan, -np.inf])
def test_many_values_are_said_as_one_is(value: float) -> None:
    names = ["log_purchases_1d", "log_recency_d"]
    values = np.array([value, value, 1.0], np.float32)
    texts = said_of(names, np.array([0, 1, -1], np.int16), values)
    if np.isfinite(value):
        assert texts.tolist() == [said(name, value) for name in names] + [""]
    else:
        assert all(texts.tolist()[:2]), "whatever it is, it has words"
    assert said_of(names, np.empty(0, np.int16), values[:0]).tolist() == []
