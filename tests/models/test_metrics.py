"""Metrics against values worked out by hand, and against scikit-learn where that is at hand."""

import doctest

import numpy as np
import pytest

from models import metrics
from models.metrics import (
    Bin,
    average_precision,
    brier,
    calibration,
    calibration_error,
    calibration_ratio,
    log_loss,
    precision_at,
    roc_auc,
    top_precision,
)

LABEL = np.array([1, 0, 1, 0, 0])
SCORE = np.array([0.9, 0.8, 0.8, 0.3, 0.1])


def test_examples_in_docstrings_hold() -> None:
    result = doctest.testmod(metrics)
    assert (result.attempted > 0, result.failed) == (True, 0)


def test_values_worked_out_by_hand() -> None:
    # Pairs of a positive and a negative: .9 beats all three; .8 beats two and ties with one.
    assert roc_auc(LABEL, SCORE) == pytest.approx(5.5 / 6)
    # At .9 one of one; at .8 two of three: half the recall each.
    assert average_precision(LABEL, SCORE) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert brier(LABEL, SCORE) == pytest.approx((0.01 + 0.64 + 0.04 + 0.09 + 0.01) / 5)
    assert log_loss(LABEL, SCORE) == pytest.approx(-np.log([0.9, 0.2, 0.8, 0.7, 0.9]).sum() / 5)
    assert precision_at(LABEL, SCORE, 1) == 1.0
    assert precision_at(LABEL, SCORE, 10) == 0.2
    assert top_precision(LABEL, SCORE, 1) == 1.0
    assert top_precision(LABEL, SCORE, 2) == 0.75
    assert top_precision(LABEL, SCORE, 10) == 0.4
    assert calibration_ratio(LABEL, SCORE) == pytest.approx(0.58 / 0.4)
    assert calibration_ratio(np.zeros(5), SCORE) == np.inf
    found = calibration(LABEL, SCORE, bins=2)
    assert [one.n for one in found] == [3, 2]
    assert [*found[0][1:], *found[1][1:]] == pytest.approx([0.4, 0.0, 0.85, 1.0])
    assert calibration_error(LABEL[[3, 4, 1, 0, 2]], SCORE[[3, 4, 1, 0, 2]], bins=2) == pytest.approx(
        (3 * 0.4 + 2 * 0.15) / 5
    )


def test_order_of_rows_makes_no_difference() -> None:
    order = np.array([3, 2, 4, 0, 1])
    for metric in (roc_auc, average_precision, brier, log_loss, calibration_ratio, lambda y, p: top_precision(y, p, 2)):
        assert metric(LABEL[order], SCORE[order]) == pytest.approx(metric(LABEL, SCORE))


def test_certain_and_wrong_is_dear_but_finite() -> None:
    assert log_loss(np.array([1]), np.array([0.0])) == pytest.approx(-np.log(1e-15))


@pytest.mark.parametrize("label", [[0, 0], [1, 1], []])
def test_what_is_not_defined_is_nan(label: list[int]) -> None:
    labels, scores = np.array(label, dtype=np.int64), np.full(len(label), 0.5)
    assert np.isnan(roc_auc(labels, scores))
    assert np.isnan(average_precision(labels, scores)) == (1 not in label)
    assert np.isnan(brier(labels, scores)) == (not label)
    assert calibration(labels, scores) == [Bin(1, 0.5, one) for one in label]


def test_agreement_with_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(5)
    for positives in (0.02, 0.5):
        label = (rng.random(3_000) < positives).astype(np.int64)
        score = np.round(np.clip(label * 0.2 + rng.random(3_000) * 0.8, 0.001, 0.999), 2)  # with many ties
        score = np.clip(score, 0.001, 0.999)
        assert roc_auc(label, score) == pytest.approx(sklearn.roc_auc_score(label, score), abs=1e-12)
        assert average_precision(label, score) == pytest.approx(
            sklearn.average_precision_score(label, score), abs=1e-12
        )
        assert log_loss(label, score) == pytest.approx(sklearn.log_loss(label, score), abs=1e-12)
        assert brier(label, score) == pytest.approx(sklearn.brier_score_loss(label, score), abs=1e-12)
