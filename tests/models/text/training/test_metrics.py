"""Figures against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from models.text.training.examples import Examples
from models.text.training.metrics import evaluated
from models.text.training.neighbours import same_neighbours


def columns(generator: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    shares = generator.dirichlet([1, 1, 1], n).astype(np.float32)
    return {
        **dict(zip(("negative", "neutral", "positive"), shares.T, strict=True)),
        "expected_rating": 1 + 4 * shares[:, 2],
    }


def test_three_classes() -> None:
    generator = np.random.default_rng(0)
    said = columns(generator, 400)
    truth = generator.integers(0, 3, 400)
    stars = generator.integers(1, 6, 400).astype(np.float32)
    found = evaluated(said, Examples(texts=["x"] * 400, sentiment=truth, stars=stars))
    choice = np.stack([said[name] for name in ("negative", "neutral", "positive")]).argmax(axis=0)
    polar = truth != 1
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(truth, choice))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(truth, choice, average="macro"))
    odds = np.log(said["positive"][polar]) - np.log(said["negative"][polar])
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(truth[polar] == 2, odds))
    assert found["confusion"] == metrics.confusion_matrix(truth, choice).tolist()
    assert found["rating_mae"] == pytest.approx(metrics.mean_absolute_error(stars, said["expected_rating"]))


def test_without_neutral_texts_the_larger_of_two_decides() -> None:
    said = {"negative": np.array([0.1, 0.2]), "neutral": np.array([0.8, 0.1]), "positive": np.array([0.1001, 0.7])}
    texts = Examples(texts=["x", "y"], sentiment=np.array([2, 2]), stars=np.full(2, np.nan, np.float32))
    found = evaluated(said, texts)
    assert (found["accuracy"], found["auc"], found["confusion"]) == (1, None, [[0, 0], [0, 2]])
    assert "rating_mae" not in found


def test_figures_are_of_what_is_known() -> None:
    generator = np.random.default_rng(1)
    texts = Examples(texts=["x"] * 3, sentiment=np.array([0, -1, 2]), stars=np.array([np.nan, 3, np.nan], np.float32))
    found = evaluated(columns(generator, 3), texts)
    assert (found["n"], found["n_sentiment"], found["n_rated"]) == (3, 2, 1)


def test_neighbours_by_hand() -> None:
    angles = np.array([0.0, 0.1, 0.25, 2.0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert same_neighbours(vectors, np.array(["a", "a", "b", "b"]), 1) == 0.75
