from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text.packing import PADDING, halves, plan, size

LENGTHS = st.lists(st.integers(1, 512), max_size=300)


@given(LENGTHS, st.integers(1, 4_096), st.booleans())
def test_every_text_is_in_one_batch(lengths: list[int], budget: int, padded: bool) -> None:
    batches = plan(lengths, budget, padded=padded)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(batches)


@given(LENGTHS, st.integers(1, 4_096), st.booleans())
def test_a_batch_keeps_the_budget_or_is_one_text(lengths: list[int], budget: int, padded: bool) -> None:
    for batch in plan(lengths, budget, padded=padded):
        assert len(batch) == 1 or size([lengths[row] for row in batch], padded=padded) <= budget


@given(LENGTHS, st.integers(1, 4_096))
def test_padding_is_bounded(lengths: list[int], budget: int) -> None:
    for batch in plan(lengths, budget, padded=True):
        own = [lengths[row] for row in batch]
        assert size(own, padded=True) - sum(own) <= PADDING * size(own, padded=True)


@given(LENGTHS, st.integers(1, 4_096), st.booleans())
def test_lengths_only_fall(lengths: list[int], budget: int, padded: bool) -> None:
    in_order = [lengths[row] for batch in plan(lengths, budget, padded=padded) for row in batch]
    assert in_order == sorted(lengths, reverse=True)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_halves_are_the_whole_and_smaller(n: int) -> None:
    left, right = halves(list(range(n)))
    assert left + right == list(range(n))
    assert left
    assert right
