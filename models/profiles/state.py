"""The arrays that hold profiles, one row a profile, and their form as columns of the ``profiles`` table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.layout import (
    COUNTRIES_COLUMNS,
    DAYS_COLUMNS,
    DAYS_REMEMBERED,
    DECAYED_COLUMNS,
    DEVICES_COLUMNS,
    EXTREME_COLUMNS,
    HLL_REGISTERS,
    MEASURES,
    OFFSET_COLUMNS,
    OFFSETS,
    PEERS_COLUMNS,
    RECENT,
    SCALES_MS,
    SESSIONS_COLUMNS,
    TOTAL_COLUMNS,
    TOTALS,
)

FIRST_MS, LAST_MS, LAST_PURCHASE_MS = range(3)
"""Columns of ``Profiles.extremes_ms``."""

Columns = Mapping[str, npt.NDArray[np.generic]]


class Profiles(NamedTuple):
    """n profiles. A row of zeros, with offsets of -1, is a profile without events."""

    decayed: npt.NDArray[np.float64]  # (n, measures, scales), as of extremes_ms[:, LAST_MS]
    totals: npt.NDArray[np.float64]  # (n, totals)
    max_amount: npt.NDArray[np.float64]  # (n,)
    extremes_ms: npt.NDArray[np.int64]  # (n, 3); 0 is never
    peers: npt.NDArray[np.uint8]  # (n, registers)
    sessions: npt.NDArray[np.uint8]  # (n, registers)
    days: npt.NDArray[np.uint64]  # (n, words); see models.profiles.days
    device_hash: npt.NDArray[np.uint64]  # (n, recent), latest first; 0 is none
    device_ms: npt.NDArray[np.int64]  # (n, recent)
    country_hash: npt.NDArray[np.uint64]  # (n, recent)
    country_ms: npt.NDArray[np.int64]  # (n, recent)
    offsets: npt.NDArray[np.int64]  # (n, topics); last record contained, -1 for none

    @classmethod
    def empty(cls, n: int) -> Profiles:
        return cls(
            decayed=np.zeros((n, len(MEASURES), len(SCALES_MS))),
            totals=np.zeros((n, len(TOTALS))),
            max_amount=np.zeros(n),
            extremes_ms=np.zeros((n, 3), dtype=np.int64),
            peers=np.zeros((n, HLL_REGISTERS), dtype=np.uint8),
            sessions=np.zeros((n, HLL_REGISTERS), dtype=np.uint8),
            days=np.zeros((n, DAYS_REMEMBERED // 64), dtype=np.uint64),
            device_hash=np.zeros((n, RECENT), dtype=np.uint64),
            device_ms=np.zeros((n, RECENT), dtype=np.int64),
            country_hash=np.zeros((n, RECENT), dtype=np.uint64),
            country_ms=np.zeros((n, RECENT), dtype=np.int64),
            offsets=np.full((n, len(OFFSETS)), -1, dtype=np.int64),
        )

    def take(self, rows: npt.NDArray[np.int64]) -> Profiles:
        """A copy of the given rows."""
        return Profiles._make(array[rows] for array in self)

    def put(self, rows: npt.NDArray[np.int64], values: Profiles) -> None:
        """Overwrites the given rows."""
        arrays: Sequence[Any] = self
        for array, new in zip(arrays, values, strict=True):
            array[rows] = new

    def grown(self, n: int) -> Profiles:
        """A copy with room for n rows, the new ones empty."""
        arrays: Sequence[Any] = self
        larger = Profiles.empty(n)
        wider: Sequence[Any] = larger
        for array, new in zip(arrays, wider, strict=True):
            new[: len(array)] = array
        return larger

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self)

    def to_columns(self) -> dict[str, npt.NDArray[np.generic]]:
        """The columns of ``PROFILE_COLUMNS`` that hold the aggregates, without kind, partition, id and version."""
        return {
            column: np.ascontiguousarray(matrix[:, index])
            for names, matrix in self._matrices()
            for index, column in enumerate(names)
        } | {"max_amount": self.max_amount}

    @classmethod
    def from_columns(cls, columns: Columns) -> Profiles:
        """Reads what :meth:`to_columns` gave."""
        profiles = cls.empty(len(columns["max_amount"]))
        profiles.max_amount[:] = columns["max_amount"]
        for names, matrix in profiles._matrices():
            for index, column in enumerate(names):
                matrix[:, index] = columns[column]
        return profiles

    def _matrices(self) -> tuple[tuple[tuple[str, ...], npt.NDArray[np.generic]], ...]:
        """Groups of columns, each with the matrix of shape (n, columns) that holds it; all of them views."""
        n = len(self.max_amount)
        return (
            (OFFSET_COLUMNS, self.offsets),
            (EXTREME_COLUMNS, self.extremes_ms),
            (TOTAL_COLUMNS, self.totals),
            (DECAYED_COLUMNS, self.decayed.reshape(n, len(DECAYED_COLUMNS))),
            (PEERS_COLUMNS, self.peers.view(np.uint64)),
            (SESSIONS_COLUMNS, self.sessions.view(np.uint64)),
            (DAYS_COLUMNS, self.days),
            (DEVICES_COLUMNS[::2], self.device_hash),
            (DEVICES_COLUMNS[1::2], self.device_ms),
            (COUNTRIES_COLUMNS[::2], self.country_hash),
            (COUNTRIES_COLUMNS[1::2], self.country_ms),
        )
