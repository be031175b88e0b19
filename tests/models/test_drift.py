"""How far values are from a reference, and whether losses rise."""

from __future__ import annotations

import numpy as np
import pytest

from models.drift import drift
from models.loss_drift import LossWatch

RANDOM = np.random.default_rng(3)


def test_the_index_of_two_values_worked_out_by_hand() -> None:
    reference = np.repeat([0.0, 1.0], 50)  # edges at 0 and 1: a bin each, and one for what is above
    day = np.repeat([0.0, 1.0], [80, 20])
    p, q = np.array([80.5, 20.5, 0.5]) / 101.5, np.array([50.5, 50.5, 0.5]) / 101.5
    assert drift(day, reference, least=0.25).psi == pytest.approx(((p - q) * np.log(p / q)).sum())


@pytest.mark.parametrize(("n", "m"), [(60, 1_700), (500, 500), (5_000, 20_000)])
def test_chance_is_no_drift_and_a_shift_is(n: int, m: int) -> None:
    for draw in range(200):
        of_day, reference = RANDOM.normal(size=n), RANDOM.normal(size=m)
        if draw % 2:  # mostly zero, as many features are
            of_day, reference = np.maximum(of_day - 1, 0), np.maximum(reference - 1, 0)
        assert not drift(of_day, reference, least=0.25).is_drift
        assert drift(of_day + 2, reference, least=0.25).is_drift


def test_of_few_values_the_threshold_is_higher() -> None:
    assert drift(RANDOM.normal(size=10), RANDOM.normal(size=1_000), least=0.25).threshold > 4
    assert drift(RANDOM.normal(size=5_000), RANDOM.normal(size=5_000), least=0.25).threshold == 0.25


@pytest.mark.parametrize("values", [np.empty(0), np.full(5, np.nan)])
def test_without_values_there_is_nothing_to_tell(values: np.ndarray) -> None:
    assert not drift(values, RANDOM.normal(size=10), least=0.25).is_drift
    assert not drift(RANDOM.normal(size=10), values, least=0.25).is_drift


def labels(n: int, *, right: float) -> tuple[np.ndarray, np.ndarray]:
    """Of which a model that is sure of itself says so many rightly."""
    label = RANDOM.random(n) < 0.5
    says = np.where(RANDOM.random(n) < right, label, ~label)
    return label.astype(np.uint8), np.where(says, 0.8, 0.2).astype(np.float32)


def test_a_rise_of_losses_is_found_once_and_a_fall_never() -> None:
    watch = LossWatch()
    found = [watch.day(*labels(500, right=right)) for right in [0.8] * 10 + [0.5] * 10 + [0.9] * 5]
    assert [day for day, one in enumerate(found) if one.has_risen] == [10]
    assert found[10].after > found[10].before + 0.2
    assert np.isnan(found[0].before)
