from __future__ import annotations

import time
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from models import scoring
from models.catalogue import CHURN, MODELS, ModelSpec
from models.examples import Examples
from models.learning import Learner
from models.phrases import PHRASES, said
from models.scoring import Scorer
from models.snapshots import Flattened, Loaded, Snapshot, flattened, load, sign
from tests.models.learning.conftest import RECENCY

KEY = "a key of the tests"


def published(examples: Examples) -> Snapshot:
    learner = Learner(CHURN)
    learner.learn(examples)
    return sign(learner.snapshot(created_ms=1, considered_ms={}), KEY)


@pytest.fixture
def snapshot(some_examples: Examples) -> Snapshot:
    return published(some_examples)


@pytest.fixture
def flat(snapshot: Snapshot) -> Flattened:
    return flattened(snapshot, KEY, CHURN.features)


@pytest.fixture
def loaded(snapshot: Snapshot) -> Loaded:
    """The same model in River."""
    return load(snapshot, KEY, CHURN.features)


def test_without_a_snapshot_all_rows_are_warming_up() -> None:
    scores = Scorer(CHURN, warm_up_examples=0).score(np.zeros((3, len(CHURN.features.names)), np.float32))
    assert scores.state.tolist() == [scoring.WARMING_UP] * 3
    assert scores.state.dtype == np.uint8
    assert np.isnan(scores.probability).all()
    assert scores.version == ""


def test_too_few_examples_are_warming_up(flat: Flattened, some_examples: Examples) -> None:
    n = len(some_examples)
    assert (Scorer(CHURN, flat, warm_up_examples=n + 1).score(some_examples.features).state == 1).all()
    assert (Scorer(CHURN, flat, warm_up_examples=n).score(some_examples.features).state == 2).all()


@pytest.mark.parametrize("label", [False, True])
def test_one_class_is_warming_up_however_many_examples(some_examples: Examples, label: bool) -> None:
    only = replace(some_examples, label=np.full(len(some_examples), label))
    one_class = flattened(published(only), KEY, CHURN.features)
    scores = Scorer(CHURN, one_class, warm_up_examples=1).score(only.features)
    assert (scores.state == scoring.WARMING_UP).all()
    assert np.isnan(scores.probability).all()
    assert scores.version == one_class.snapshot.version


def test_scores_are_those_of_river_one_by_one(flat: Flattened, loaded: Loaded, some_examples: Examples) -> None:
    scores = Scorer(CHURN, flat, warm_up_examples=1).score(some_examples.features)
    assert scores.probability.dtype == np.float32
    expected = [_one_by_one(loaded, row) for row in some_examples.features]
    np.testing.assert_allclose(scores.probability, expected, rtol=1e-4)


@pytest.mark.parametrize("order", ["C", "F"])
def test_neither_the_order_in_memory_nor_the_neighbours_matter(flat: Flattened, order: Literal["C", "F"]) -> None:
    features = np.random.default_rng(1).normal(size=(50, len(CHURN.features.names))).astype(np.float32)
    features = np.asarray(features, order=order)
    scorer = Scorer(CHURN, flat, warm_up_examples=1)
    together = scorer.score(features).probability
    alone = np.concatenate([scorer.score(features[i : i + 1]).probability for i in range(50)])
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert len(scorer.score(features[:0]).state) == 0


def test_a_row_that_is_not_finite_is_not_scored_and_its_neighbours_are(flat: Flattened) -> None:
    features = np.zeros((3, len(CHURN.features.names)), np.float32)
    features[1, 4] = np.nan
    scores = Scorer(CHURN, flat, warm_up_examples=1).score(features)
    assert scores.state.tolist() == [scoring.SCORED, scoring.NOT_SCORED, scoring.SCORED]


def test_extreme_log_odds_give_no_warning(flat: Flattened) -> None:
    features = np.full((2, len(CHURN.features.names)), 1e6, np.float32)
    features[1] *= -1
    scores = Scorer(CHURN, flat, warm_up_examples=1).score(features)
    assert set(np.round(scores.probability)) <= {0.0, 1.0}


def test_contributions_add_up_to_the_log_odds(flat: Flattened, loaded: Loaded, some_examples: Examples) -> None:
    features = some_examples.features[:100]
    model = flat.model
    probability = np.array([_one_by_one(loaded, row) for row in features])
    log_odds = np.log(probability) - np.log1p(-probability)
    np.testing.assert_allclose(model.base + model.contributions(features).sum(axis=1), log_odds, rtol=0, atol=1e-9)


def test_contributions_are_told_against_the_mean_of_what_was_learnt(flat: Flattened, some_examples: Examples) -> None:
    np.testing.assert_allclose(flat.model.contributions(some_examples.features).mean(axis=0), 0, atol=1e-9)


def _one_by_one(loaded: Loaded, row: np.ndarray) -> float:
    x = dict(zip(CHURN.features.names, row.tolist(), strict=True))
    return float(loaded.pipeline.predict_proba_one(x)[True])


def test_reasons_are_what_raised_the_score_most(flat: Flattened, some_examples: Examples) -> None:
    scorer = Scorer(CHURN, flat, warm_up_examples=1)
    risky = some_examples.features[:20].copy()
    risky[:, RECENCY] = np.log1p(12)
    for reasons in scorer.explain(risky):
        assert reasons[0].feature == "log_recency_d"
        assert reasons[0].text == "silent for 12 days"
        assert 1 <= len(reasons) <= 3
        parts = [reason.contribution for reason in reasons]
        assert parts == sorted(parts, reverse=True)
        assert min(parts) > 0
    assert Scorer(CHURN, warm_up_examples=1).explain(risky) == [[]] * 20
    assert scorer.explain(risky[:0]) == []


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_every_feature_has_a_phrase_for_any_value(spec: ModelSpec) -> None:
    for name in spec.features.names:
        assert name in PHRASES
        for value in (0.0, 0.02, 0.7, 1.0, 3.3, 9.0):
            text = said(name, value)
            assert text
            assert not {"{", "|"} & set(text), text


@pytest.mark.parametrize(
    ("feature", "value", "text"),
    [
        ("log_purchases_1d", np.log1p(1), "1 order in 1 d"),
        ("log_purchases_1d", 0.0, "no orders in 1 d"),
        ("log_recency_d", np.log1p(1 / 48), "silent for 30 min"),
        ("log_recency_d", np.log1p(1.25), "silent for 30 h"),
        ("active_share", np.log(0.25), "active on 25 % of days"),
        ("recency_to_gap", np.log(3), "silent for 3 times the usual pause"),
        ("device_new", 0.0, "no new device"),
        ("card_log_purchases_1d", np.log1p(7), "7 orders in 1 d by this card"),
        ("ip_log_shoppers", np.log1p(5), "address used by 5 shoppers"),
        ("log_amount", np.log1p(129.4), "amount of 129"),
        ("amount_z", -2.2, "-2.2 standard deviations from the shopper's mean order"),
        ("amount_to_mean", np.log(0.5), "0.5 times the shopper's mean order"),
        ("merchant_log_frauds_7d", np.log1p(2), "2 known frauds in 7 d at this merchant"),
        ("merchant_risk_7d", 0.5, "50 % of orders in 7 d at this merchant were frauds"),
        ("card_log_abnormal_7d", np.log1p(1), "1 abnormal order in 7 d by this card"),
    ],
)
def test_phrases(feature: str, value: float, text: str) -> None:
    assert said(feature, value) == text


@pytest.mark.bench
def test_scoring_costs_less_than_a_microsecond_a_row(flat: Flattened) -> None:
    features = np.asfortranarray(np.random.default_rng(1).random((4000, len(CHURN.features.names)), np.float32))
    scorer = Scorer(CHURN, flat, warm_up_examples=1)
    best_us = min(_cost_us(scorer, features) for _ in range(5))
    print(f"{best_us:.2f} µs of CPU a row of {features.shape[1]} features")
    assert best_us < 1


def _cost_us(scorer: Scorer, features: np.ndarray) -> float:
    started = time.process_time()
    for _ in range(20):
        scorer.score(features)
    return (time.process_time() - started) / 20 / len(features) * 1e6
