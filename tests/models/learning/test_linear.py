"""Linear models: that as arrays they score and explain as River does, whatever they have met."""

from __future__ import annotations

import pickle
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import NotFlattened, SnapshotRefused
from models.flat import encode
from models.flat_forms import from_bytes
from models.flat_linear import FlatLinear
from models.linear import linear
from models.pipelines import flatten

NAMES = ("age", "amount", "flag")
VALUES = st.floats(-1e3, 1e3)
ROWS = st.lists(st.tuples(VALUES, st.floats(-3, 10), st.sampled_from([0.0, 1.0]), st.booleans()), max_size=40)


def named(row: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(NAMES, row, strict=False))


@given(learnt=ROWS, scored=ROWS)
def test_as_arrays_it_scores_and_explains_as_river_does(
    learnt: list[tuple[float, ...]], scored: list[tuple[float, ...]]
) -> None:
    pipeline = linear(rate=0.01, intercept_rate=0.05, intercept=-1.0)
    for row in learnt:
        pipeline.learn_one(named(row), bool(row[3]))
    flat = from_bytes(flatten(pipeline, NAMES).to_bytes(), len(NAMES))
    rows = [row[:3] for row in (*scored, *learnt, (0.0, 0.0, 0.0))]
    matrix = np.array(rows)
    expected = np.array([pipeline.predict_proba_one(named(row))[True] for row in rows])
    np.testing.assert_allclose(flat.probability(matrix), expected, rtol=0, atol=1e-9)
    log_odds = flat.base + flat.contributions(matrix).sum(axis=1)
    np.testing.assert_allclose(1 / (1 + np.exp(-np.clip(log_odds, -500, 500))), expected, rtol=0, atol=1e-9)
    assert flatten(pickle.loads(pickle.dumps(pipeline)), NAMES).to_bytes() == flat.to_bytes()  # noqa: S301 - own


def test_contributions_are_against_the_mean() -> None:
    rng = np.random.default_rng(1)
    rows = np.column_stack([rng.normal(40, 9, 500), rng.normal(3, 1, 500), rng.random(500) < 0.1]).astype(float)
    pipeline = linear(rate=0.05, intercept_rate=0.05, intercept=0.0)
    for row in rows:
        pipeline.learn_one(named(tuple(row.tolist())), bool(row[0] > 45))
    flat = flatten(pipeline, NAMES)
    np.testing.assert_allclose(flat.contributions(rows).mean(axis=0), 0.0, atol=1e-9)
    old = flat.contributions(np.array([[60.0, 3.0, 0.0]]))[0]
    assert old[0] > 5 * np.abs(old[1:]).max()


def test_what_is_not_finite_spoils_nothing_learnt_and_is_nobodys_score() -> None:
    pipeline, clean = (linear(rate=0.1, intercept_rate=0.1, intercept=0.0) for _ in range(2))
    rows = [(float(n % 7), float(n % 5), float(n % 2)) for n in range(50)]
    for row in rows:
        pipeline.learn_one(named(row), row[0] > 3)
        clean.learn_one(named(row), row[0] > 3)
    pipeline.learn_one({"age": nan, "amount": inf, "flag": 1.0}, True)
    flat = flatten(pipeline, NAMES)
    before = flatten(clean, NAMES)
    assert isinstance(flat, FlatLinear) and isinstance(before, FlatLinear)
    np.testing.assert_array_equal(flat.mean[:2], before.mean[:2])
    assert np.isfinite(flat.weight).all()
    assert np.isnan(flat.probability(np.array([[nan, 1.0, 1.0], [1.0, 1.0, 1.0]]))).tolist() == [True, False]


def test_a_row_scores_the_same_in_any_batch_and_order_in_memory() -> None:
    rng = np.random.default_rng(2)
    flat = FlatLinear(0.1, rng.normal(size=40), rng.normal(size=40))
    rows = rng.normal(size=(64, 40)).astype(np.float32)
    together = flat.probability(np.asfortranarray(rows))
    assert [flat.probability(rows[[row]])[0] for row in range(64)] == together.tolist()


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"intercept": np.zeros(()), "weight": np.zeros(3)},
        {"intercept": np.zeros(()), "weight": np.zeros(3), "mean": np.zeros(2)},
        {"intercept": np.zeros(()), "weight": np.zeros(3, np.float32), "mean": np.zeros(3)},
        {"intercept": np.zeros(1), "weight": np.zeros(3), "mean": np.zeros(3)},
    ],
)
def test_arrays_of_other_shapes_are_refused(arrays: dict[str, Any]) -> None:
    with pytest.raises(SnapshotRefused, match="isn't a linear one of 3 features"):
        from_bytes(encode("linear", arrays), 3)


def test_other_features_are_not_flattened() -> None:
    pipeline = linear(rate=0.1, intercept_rate=0.1, intercept=0.0)
    pipeline.learn_one({"age": 1.0, "height": 2.0}, True)
    with pytest.raises(NotFlattened, match=r"of other features: \['height'\]"):
        flatten(pipeline, ["age"])
