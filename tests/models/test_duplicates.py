"""The window of duplicates against its definition, over any log, however it is cut into batches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.duplicates import DuplicateWindow, identities
from schemas.texts import Texts

IDENTITIES = st.one_of(st.integers(1, 12), st.integers(1, 12).map(lambda number: number << 60))
RECORDS = st.lists(st.tuples(IDENTITIES, st.integers(1, 5)), max_size=80)
"""Identities, each with the distance of its offset from the one before."""


def admitted(window: DuplicateWindow, identity: Sequence[int], offset: Sequence[int]) -> list[bool]:
    fresh: list[bool] = window.admit(np.array(identity, dtype=np.uint64), np.array(offset, dtype=np.int64)).tolist()
    return fresh


def expected(identity: Sequence[int], offset: Sequence[int], window: int) -> list[bool]:
    """A duplicate: a record at most ``window`` offsets before it held the same event and counted."""
    counted: dict[int, list[int]] = {}
    fresh = []
    for one, at in zip(identity, offset, strict=True):
        offsets = counted.setdefault(one, [])
        fresh.append(not any(at - window <= earlier < at for earlier in offsets))
        offsets += [at] * fresh[-1]
    return fresh


@given(
    records=RECORDS,
    window=st.integers(0, 30),
    first=st.sampled_from([0, 1, 1_000, 2**40]),
    cuts=st.sets(st.integers(0, 80)),
)
def test_duplicates_are_those_of_the_definition(
    records: list[tuple[int, int]], window: int, first: int, cuts: set[int]
) -> None:
    identity = [one for one, _ in records]
    offset = [int(at) for at in first - 1 + np.cumsum([step for _, step in records], dtype=np.int64)]
    limits = [0, *sorted(cut for cut in cuts if cut <= len(records)), len(records)]
    judge = DuplicateWindow(window=window)
    fresh = [
        verdict
        for start, end in pairwise(limits)
        for verdict in admitted(judge, identity[start:end], offset[start:end])
    ]
    assert fresh == expected(identity, offset, window)


@pytest.mark.parametrize("window", [1, 100, 3_000, 9_000, 1_000_000])
@pytest.mark.parametrize("batch", [1, 700, 40_000])
def test_a_long_log_makes_the_window_move_on(window: int, batch: int) -> None:
    n = 40_000 if batch > 1 else 12_000
    random = np.random.default_rng(window)
    identity = random.integers(1, 15_000, n).astype(np.uint64)
    offset = np.cumsum(random.integers(1, 3, n)) - 1
    judge = DuplicateWindow(window=window)
    fresh = np.concatenate(
        [judge.admit(identity[at : at + batch], offset[at : at + batch]) for at in range(0, n, batch)]
    )
    last: dict[int, int] = {}
    for one, at, verdict in zip(identity.tolist(), offset.tolist(), fresh.tolist(), strict=True):
        assert verdict == (at - last.get(one, -window - 1) > window)
        if verdict:
            last[one] = at


def test_window_0_lets_everything_through() -> None:
    assert admitted(DuplicateWindow(window=0), [7, 7, 7], [0, 1, 2]) == [True, True, True]


def test_a_duplicate_does_not_prolong_the_window() -> None:
    assert admitted(DuplicateWindow(window=2), [7, 7, 7], [0, 2, 3]) == [True, False, True]


@pytest.mark.parametrize("window", [1_000, 20_000])
def test_memory_is_bounded_by_the_window(window: int) -> None:
    judge = DuplicateWindow(window=window)
    random = np.random.default_rng(0)
    batch = 1_000
    for first in range(0, 20 * window, batch):
        judge.admit(random.integers(1, 2**63, batch).astype(np.uint64), np.arange(first, first + batch))
        held = min(first, window) + batch
        assert judge._identity.nbytes + judge._offset.nbytes <= max(128 * held, 2 * 8 * 4096)


def test_identities_tell_users_and_events_apart() -> None:
    hashes = identities(Texts.of(["ab", "a", "ab", "a"]), Texts.of(["c", "bc", "c", ""]))
    assert hashes.dtype == np.uint64
    assert hashes[0] == hashes[2]
    assert len(set(hashes.tolist())) == 3
    assert hashes.all()
    assert identities(Texts.of([]), Texts.of([])).shape == (0,)
