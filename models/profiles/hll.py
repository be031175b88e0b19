"""HyperLogLog of 64 one-byte registers, for distinct items, shoppers and sessions.

Flajolet, Fusy, Gandouet, Meunier: "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm",
2007; with its correction by linear counting for small numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from schemas.layout import HLL_REGISTERS

INDEX_BITS = HLL_REGISTERS.bit_length() - 1
MAX_RANK = 57
"""Ranks are cut there: the sum of 2 ** -rank over all registers is then exact in 64 bits."""

_ALPHA = 0.709  # for 64 registers, by the paper's figure 3
_RAW_SCALE = _ALPHA * HLL_REGISTERS * HLL_REGISTERS * 2.0**MAX_RANK
_SMALL = 2.5 * HLL_REGISTERS
_LINEAR = HLL_REGISTERS * np.log(HLL_REGISTERS / np.arange(1, HLL_REGISTERS + 1))  # estimate by zeros - 1


@njit(cache=True, nogil=True, inline="always")
def add(registers, row, value_hash):  # type: ignore[no-untyped-def]
    """Adds a value by its 64-bit hash, 0 for none, to a row of ``registers``, uint8 of shape (n, HLL_REGISTERS)."""
    if value_hash != np.uint64(0):
        index = np.int64(value_hash & np.uint64(HLL_REGISTERS - 1))
        rest = value_hash >> np.uint64(INDEX_BITS)
        rank = 1
        while rank < MAX_RANK and rest & np.uint64(1) == np.uint64(0):
            rank += 1
            rest >>= np.uint64(1)
        if rank > registers[row, index]:
            registers[row, index] = rank


@njit(cache=True, nogil=True, inline="always")
def estimate_one(registers, row):  # type: ignore[no-untyped-def]
    """How many distinct values were added to a row of ``registers``."""
    inverse = np.uint64(0)
    zeros = 0
    for index in range(HLL_REGISTERS):
        register = registers[row, index]
        inverse += np.uint64(1) << np.uint64(MAX_RANK - register)
        zeros += register == 0
    raw = _RAW_SCALE / np.float64(inverse) if inverse else 0.0
    return _LINEAR[zeros - 1] if zeros and raw <= _SMALL else raw


@njit(cache=True, nogil=True)
def estimate(registers: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Distinct values by row: registers of shape (n, HLL_REGISTERS) to estimates of shape (n,).

    >>> registers = np.zeros((1, HLL_REGISTERS), dtype=np.uint8)
    >>> for value in (1, 2, 3):
    ...     add(registers, 0, np.uint64(value * 0x9E3779B97F4A7C15 % 2**64))
    >>> round(float(estimate(registers)[0]))
    3
    """
    out = np.empty(len(registers))
    for row in range(len(registers)):
        out[row] = estimate_one(registers, row)
    return out
