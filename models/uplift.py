"""Whether those who were treated differ from those held out by more than chance would have them.

Counts and amounts are compared by Welch's t-test (Welch: "The generalization of 'Student's' problem when several
different population variances are involved", 1947), shares by the z-test with one pooled share, their interval by
Newcombe's hybrid score ("Interval estimation for the difference between independent proportions", 1998, method 10).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from scipy.special import stdtr, stdtrit

LEAST = 30
"""Shoppers in each arm: of fewer the mean isn't near enough to normal for either test to hold."""

CONFIDENCE = 0.95
_POWER = 0.8
_NORMAL = NormalDist()
_Z = _NORMAL.inv_cdf(0.5 + CONFIDENCE / 2)


class Arm(NamedTuple):
    n: int
    mean: float
    variance: float
    """Of the sample, over n - 1; of a share it isn't used."""


@dataclass(frozen=True, kw_only=True)
class Uplift:
    """Of treated over held out. The last four are None where an arm has fewer than ``LEAST`` shoppers, or where nobody
    differs from anybody."""

    treated: Arm
    held_out: Arm
    difference: float
    """Of the means."""
    low: float | None = None
    high: float | None = None
    """The ends of the confidence interval of the difference, 95 %."""
    p: float | None = None
    """Two-sided: how often chance alone would make as large a difference."""
    detectable: float | None = None
    """A true difference of this size would be found four times out of five; a smaller one more rarely."""

    @property
    def is_told(self) -> bool:
        """Whether chance alone is an unlikely reason."""
        return self.p is not None and self.p < 1 - CONFIDENCE


def of_means(treated: Arm, held_out: Arm) -> Uplift:
    """Of a number a shopper, by Welch's t-test."""
    difference = treated.mean - held_out.mean
    plain = Uplift(treated=treated, held_out=held_out, difference=difference)
    if min(treated.n, held_out.n) < LEAST:
        return plain
    parts = treated.variance / treated.n, held_out.variance / held_out.n
    error = sqrt(sum(parts))
    if not error:
        return plain
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (treated.n - 1) + parts[1] ** 2 / (held_out.n - 1))
    reach = float(stdtrit(freedom, 0.5 + CONFIDENCE / 2)) * error
    return Uplift(
        treated=treated,
        held_out=held_out,
        difference=difference,
        low=difference - reach,
        high=difference + reach,
        p=2 * float(stdtr(freedom, -abs(difference) / error)),
        detectable=_detectable(error),
    )


def of_shares(treated: Arm, held_out: Arm) -> Uplift:
    """Of 0 or 1 a shopper, by the z-test of two shares."""
    difference = treated.mean - held_out.mean
    plain = Uplift(treated=treated, held_out=held_out, difference=difference)
    if min(treated.n, held_out.n) < LEAST:
        return plain
    pooled = (treated.n * treated.mean + held_out.n * held_out.mean) / (treated.n + held_out.n)
    error = sqrt(pooled * (1 - pooled) * (1 / treated.n + 1 / held_out.n))
    if not error:
        return plain
    (treated_low, treated_high), (held_low, held_high) = _wilson(treated), _wilson(held_out)
    return Uplift(
        treated=treated,
        held_out=held_out,
        difference=difference,
        low=difference - sqrt((treated.mean - treated_low) ** 2 + (held_high - held_out.mean) ** 2),
        high=difference + sqrt((treated_high - treated.mean) ** 2 + (held_out.mean - held_low) ** 2),
        p=2 * _NORMAL.cdf(-abs(difference) / error),
        detectable=_detectable(error),
    )


def _wilson(arm: Arm) -> tuple[float, float]:
    """The score interval of a share."""
    scale = 1 + _Z**2 / arm.n
    middle = (arm.mean + _Z**2 / (2 * arm.n)) / scale
    reach = _Z * sqrt(arm.mean * (1 - arm.mean) / arm.n + _Z**2 / (4 * arm.n**2)) / scale
    return middle - reach, middle + reach


def _detectable(error: float) -> float:
    return (_Z + _NORMAL.inv_cdf(_POWER)) * error
