"""Estimates within the theory's error, and hashes that ClickHouse computes too."""

from __future__ import annotations

import numpy as np
import pytest
from clickhouse_driver import Client
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from models.profiles import hll
from schemas.hashing import hash_of
from schemas.layout import HLL_REGISTERS
from tests.models.profiles.agreement import hll_estimate
from tests.models.profiles.reference import distinct, registers_of

STANDARD_ERROR = 1.04 / np.sqrt(HLL_REGISTERS)
N_SETS = 400

_RANKS = st.one_of(st.integers(0, 6), st.integers(0, hll.MAX_RANK))


@njit
def _add_all(registers, hashes):  # type: ignore[no-untyped-def]
    for row in range(len(hashes)):
        for value_hash in hashes[row]:
            hll.add(registers, row, value_hash)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 20, 40, 80, 160, 320, 1_000, 3_000, 10_000])
def test_estimates_err_as_the_theory_says(n: int) -> None:
    hashes = np.random.default_rng(n).integers(1, 2**64, (N_SETS, n), dtype=np.uint64)
    registers = np.zeros((N_SETS, HLL_REGISTERS), dtype=np.uint8)
    _add_all(registers, hashes)
    error = hll.estimate(registers) / n - 1  # (N_SETS,)
    # Linear counting's standard error, Whang et al. 1990; at 2.5 registers, where it ends, the raw estimate is biased.
    load = n / HLL_REGISTERS
    expected = np.sqrt(HLL_REGISTERS * (np.exp(load) - load - 1)) / n if load < 1 else STANDARD_ERROR
    assert np.sqrt(np.mean(error**2)) < 1.25 * expected + 0.01
    assert abs(np.mean(error)) < 0.06


@given(registers=st.lists(_RANKS, min_size=HLL_REGISTERS, max_size=HLL_REGISTERS))
def test_an_estimate_is_the_papers(registers: list[int]) -> None:
    assert hll_estimate(registers) == pytest.approx(distinct(registers), rel=1e-9)


@given(values=st.lists(st.text(max_size=3), max_size=50))
def test_registers_depend_on_the_set_alone(values: list[str]) -> None:
    registers = np.zeros((1, HLL_REGISTERS), dtype=np.uint8)
    for value in values:
        hll.add(registers, 0, np.uint64(hash_of(value)))
    assert registers[0].tolist() == registers_of(values)


@pytest.mark.parametrize(
    ("value_hash", "index", "rank"), [(64, 0, 1), (63, 63, 57), (1 << 63, 0, 57), (1 << 62, 0, 57), (1 << 61, 0, 56)]
)
def test_ranks_are_cut(value_hash: int, index: int, rank: int) -> None:
    registers = np.zeros((1, HLL_REGISTERS), dtype=np.uint8)
    hll.add(registers, 0, np.uint64(value_hash))
    assert np.flatnonzero(registers).tolist() == [index]
    assert registers[0, index] == rank


def test_hashes_are_those_of_clickhouse(clickhouse: tuple[str, int]) -> None:
    values = ["abc", "a", "Łódź", "日本", "🛒", *("x" * n for n in (3, 8, 16, 17, 128, 129, 240, 241, 1024, 5000))]
    with Client(*clickhouse) as client:
        ((hashes,),) = client.execute("SELECT arrayMap(v -> xxHash64(v), %(values)s)", {"values": values})
    assert hashes == [hash_of(value) for value in values]


def test_no_value_has_no_hash() -> None:
    assert hash_of("") == 0
