"""Scorecards: what their hats are, and that as arrays they score as River does."""

from __future__ import annotations

import pickle
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import SnapshotRefused
from models.flat import decode
from models.flat_scorecard import FlatScorecard
from models.pipelines import flatten
from models.scorecard import Hats, scorecard

KNOTS = {"age": (0.0, 1.0, 5.0), "amount": (-2.0, 0.0, 0.5, 9.0), "flag": (0.0, 1.0)}
PINNED = frozenset({"age", "flag"})
VALUES = st.floats(-1e6, 1e6)
ROWS = st.lists(st.tuples(VALUES, st.floats(-3, 10), st.sampled_from([0.0, 1.0]), st.booleans()), max_size=40)


def named(row: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(KNOTS, row, strict=False))


@given(VALUES, st.sets(st.sampled_from(sorted(KNOTS))))
def test_a_features_hats_add_up_to_1_and_at_most_two_are_not_0(value: float, pinned: set[str]) -> None:
    hats = Hats(KNOTS, pinned).transform_one(dict.fromkeys(KNOTS, value))
    for name, knots in KNOTS.items():
        own = {place: height for (feature, place), height in hats.items() if feature == name}
        assert len(own) <= 2
        assert all(0 <= height <= 1 for height in own.values())
        missing = 0.0
        if name in pinned and value < knots[1]:
            missing = 1 - max(value - knots[0], 0) / (knots[1] - knots[0])
        assert sum(own.values()) == pytest.approx(1 - missing)


def test_what_is_absent_has_no_hats() -> None:
    assert Hats(KNOTS, PINNED).transform_one({"age": 0.0, "amount": nan, "flag": 0.0}) == {}
    assert Hats(KNOTS, KNOTS).transform_one({"age": 0.0, "amount": -inf, "flag": 1.0}) == {("flag", 1): 1.0}


@given(learnt=ROWS, scored=ROWS)
def test_as_arrays_it_scores_and_explains_as_river_does(
    learnt: list[tuple[float, ...]], scored: list[tuple[float, ...]]
) -> None:
    pipeline = scorecard(KNOTS, pinned=PINNED, rate=0.1, intercept_rate=0.05, intercept=-1.0)
    for row in learnt:
        pipeline.learn_one(named(row), bool(row[3]))
    flat = FlatScorecard.from_flat(decode(flatten(pipeline, list(KNOTS)).to_bytes()), len(KNOTS))
    rows = np.array([row[:3] for row in scored]).reshape(len(scored), 3)
    probability = np.array([pipeline.predict_proba_one(named(row))[True] for row in scored])
    np.testing.assert_allclose(flat.probability(rows), probability, rtol=0, atol=1e-12)
    log_odds = np.log(probability) - np.log1p(-probability)
    np.testing.assert_allclose(flat.base + flat.contributions(rows).sum(axis=1), log_odds, rtol=0, atol=1e-9)
    assert flatten(pickle.loads(pickle.dumps(pipeline)), list(KNOTS)).to_bytes() == flat.to_bytes()  # noqa: S301 - own


@given(learnt=ROWS)
def test_absence_neither_learns_nor_adds_anything(learnt: list[tuple[float, ...]]) -> None:
    """A model with pinned features that no example has is the model without them."""
    names = ["amount"]
    alone = scorecard({"amount": KNOTS["amount"]}, rate=0.1, intercept_rate=0.05, intercept=0.0)
    with_others = scorecard(KNOTS, pinned=PINNED, rate=0.1, intercept_rate=0.05, intercept=0.0)
    for row in learnt:
        alone.learn_one({"amount": row[1]}, bool(row[3]))
        with_others.learn_one({"age": 0.0, "amount": row[1], "flag": 0.0}, bool(row[3]))
    assert with_others[-1].weights == alone[-1].weights
    assert with_others[-1].intercept == alone[-1].intercept
    assert flatten(with_others, list(KNOTS)).base == pytest.approx(flatten(alone, names).base)


def test_it_learns_what_no_linear_model_could() -> None:
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 5, 5_000)
    label = np.abs(x - 2.5) < 1
    model = scorecard({"x": (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)}, rate=0.2, intercept_rate=0.02, intercept=0.0)
    for value, positive in zip(x.tolist(), label.tolist(), strict=True):
        model.learn_one({"x": value}, positive)
    middle, outer = (model.predict_proba_one({"x": value})[True] for value in (2.5, 4.5))
    assert middle > 0.9
    assert outer < 0.1


def test_nan_is_nobodys_score() -> None:
    flat = flatten(scorecard(KNOTS, rate=0.1, intercept_rate=0.1, intercept=0.0), list(KNOTS))
    assert np.isnan(flat.probability(np.array([[0.0, nan, 1.0], [0.0, 1.0, 1.0]]))).tolist() == [True, False]
    assert flat.probability(np.array([[inf, -inf, 0.0]])) == 0.5


def test_the_number_of_features_is_checked() -> None:
    flat = flatten(scorecard(KNOTS, rate=0.1, intercept_rate=0.1, intercept=0.0), list(KNOTS))
    with pytest.raises(SnapshotRefused, match="isn't a scorecard of 2 features"):
        FlatScorecard.from_flat(decode(flat.to_bytes()), 2)
