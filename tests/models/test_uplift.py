from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from models.uplift import LEAST, Arm, Uplift, of_means, of_shares


def arm(values: np.ndarray) -> Arm:
    return Arm(len(values), float(values.mean()), float(values.var(ddof=1)))


def test_means_are_compared_as_scipy_does() -> None:
    random = np.random.default_rng(1)
    treated, held_out = random.gamma(1.0, 30.0, 400), random.gamma(0.5, 40.0, 45)
    found = of_means(arm(treated), arm(held_out))
    expected = stats.ttest_ind(treated, held_out, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_shares_are_compared_as_in_newcombe_s_paper() -> None:
    """56 of 70 and 48 of 80: 0.2, from 0.0524 to 0.3339 by his method 10."""
    found = of_shares(Arm(70, 56 / 70, 0.0), Arm(80, 48 / 80, 0.0))
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    chi2 = stats.chi2_contingency([[56, 14], [48, 32]], correction=False)
    assert found.p == pytest.approx(chi2.pvalue)


@pytest.mark.parametrize("compare", [of_means, of_shares])
def test_of_too_few_or_all_alike_nothing_is_said(compare: object) -> None:
    assert callable(compare)
    few = compare(Arm(LEAST - 1, 0.5, 0.25), Arm(10_000, 0.1, 0.09))
    assert few == Uplift(treated=few.treated, held_out=few.held_out, difference=0.4)
    assert not few.is_told
    alike = compare(Arm(100, 0.0, 0.0), Arm(100, 0.0, 0.0))
    assert (alike.p, alike.low, alike.is_told) == (None, None, False)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(2)
    rounds = 1_000
    held = false_alarms = 0
    for _ in range(rounds):
        found = of_means(arm(random.poisson(0.6, 400).astype(float)), arm(random.poisson(0.6, 60).astype(float)))
        assert found.low is not None and found.high is not None
        held += found.low <= 0 <= found.high
        false_alarms += found.is_told
    assert 0.93 <= held / rounds <= 0.97
    assert held + false_alarms == rounds


def test_a_difference_of_the_detectable_size_is_found_four_times_out_of_five() -> None:
    random = np.random.default_rng(3)
    rounds = 1_000
    size = of_means(Arm(500, 0.0, 1.0), Arm(80, 0.0, 1.0)).detectable
    assert size is not None
    told = sum(
        of_means(arm(random.normal(size, 1.0, 500)), arm(random.normal(0.0, 1.0, 80))).is_told for _ in range(rounds)
    )
    assert 0.76 <= told / rounds <= 0.84
