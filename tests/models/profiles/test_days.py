"""Sets of days as bits: exact within their reach, whatever the order, and merged; what is longer ago is forgotten."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.profiles import days
from schemas.layout import DAYS_REMEMBERED

FIRST_DAY = 19_000
_DAY_MS = 86_400_000
_DAYS = st.lists(st.integers(0, 3_000), min_size=1)


def bits_of(added: list[int]) -> np.ndarray:
    bits = np.zeros((1, DAYS_REMEMBERED // 64), dtype=np.uint64)
    last_ms = 0
    for day in added:
        ts = (FIRST_DAY + day) * _DAY_MS + day % _DAY_MS
        days.add(bits, 0, ts, last_ms)
        last_ms = max(last_ms, ts)
    return bits


def remembered(added: list[int]) -> set[int]:
    return {day for day in added if day > max(added) - DAYS_REMEMBERED}


@given(_DAYS)
def test_the_last_days_are_counted_exactly_and_no_others(added: list[int]) -> None:
    bits = bits_of(added)
    assert days.count(bits, 0) == len(remembered(added))
    places = {64 * word + bit for word in range(len(bits[0])) for bit in range(64) if int(bits[0, word]) >> bit & 1}
    assert places == {(FIRST_DAY + day) % DAYS_REMEMBERED for day in remembered(added)}


@given(_DAYS)
def test_their_order_makes_no_difference(added: list[int]) -> None:
    np.testing.assert_array_equal(bits_of(added), bits_of(sorted(added)))
    np.testing.assert_array_equal(bits_of(added), bits_of([*sorted(added, reverse=True), *added]))


@given(_DAYS, _DAYS)
def test_a_union_is_the_bitwise_or_of_what_both_would_still_know(left: list[int], right: list[int]) -> None:
    last = max(*left, *right)
    union = np.zeros((1, DAYS_REMEMBERED // 64), dtype=np.uint64)
    for added in (left, right):
        bits = bits_of(added)
        until_ms, last_ms = ((FIRST_DAY + day) * _DAY_MS for day in (last, max(added)))
        days.forget(bits, np.array([last_ms]), np.array([until_ms]))
        union |= bits
    np.testing.assert_array_equal(union, bits_of([*left, *right]))
