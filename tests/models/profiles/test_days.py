"""Sets of days as bits: counted, merged, and what they are worth once they hold more than they can tell apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.profiles import days
from schemas.layout import DAYS_REMEMBERED

FIRST_DAY = 19_000
_DAY_MS = 86_400_000


def bits_of(added: list[int]) -> np.ndarray:
    bits = np.zeros((1, DAYS_REMEMBERED // 64), dtype=np.uint64)
    for day in added:
        days.add(bits, 0, FIRST_DAY * _DAY_MS + day * _DAY_MS + day % _DAY_MS)
    return bits


def counted(added: list[int]) -> float:
    first, last = min(added), max(added)
    bits = bits_of(added)
    return float(days.count(bits, 0, (FIRST_DAY + first) * _DAY_MS, (FIRST_DAY + last + 1) * _DAY_MS - 1))


@given(st.lists(st.integers(0, DAYS_REMEMBERED - 1), min_size=1))
def test_days_within_its_reach_are_counted_exactly(added: list[int]) -> None:
    assert counted(added) == len(set(added))


@given(st.lists(st.integers(0, 3_000)), st.lists(st.integers(0, 3_000)))
def test_a_union_is_the_bitwise_or(left: list[int], right: list[int]) -> None:
    np.testing.assert_array_equal(bits_of(left) | bits_of(right), bits_of([*right, *left]))


@pytest.mark.parametrize(("n", "span"), [(100, 800), (200, 1_500), (400, 3_000)])
def test_beyond_its_reach_the_count_is_an_estimate(n: int, span: int) -> None:
    added = np.random.default_rng(n).choice(span, n, replace=False).tolist()
    assert counted([*added, 0, span]) == pytest.approx(n + 2, rel=0.15)


def test_every_day_of_many_years_is_no_more_than_there_were() -> None:
    assert 512 < counted(list(range(10_000))) <= 10_000
    assert counted(list(range(600))) <= 600
