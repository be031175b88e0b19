"""A column of text that isn't made into Python strings, unless somebody asks for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, overload

import numpy as np
import numpy.typing as npt
from numba import njit

from schemas.hashing import xxh64

_BREAK = 0
"""Goes between texts that are decoded together."""
_FREE = np.int32(-1)


class Distinct(NamedTuple):
    """The different values of n texts, in the order of their first rows: row i holds ``values[code[i]]``."""

    values: list[str]
    code: npt.NDArray[np.int32]  # (n,)


@dataclass(frozen=True, slots=True, eq=False)
class Texts(Sequence[str]):
    """n texts, each a stretch of a pool of valid UTF-8 that columns may share. Immutable; an absent text is empty.

    >>> names = Texts.of(["ann", "", "bob", "ann"])
    >>> names[2], list(names), names.distinct().code.tolist()
    ('bob', ['ann', '', 'bob', 'ann'], [0, 1, 2, 0])
    """

    pool: bytes
    start: npt.NDArray[np.int64]  # (n,)
    size: npt.NDArray[np.int32]  # (n,) bytes

    @classmethod
    def of(cls, values: Sequence[str]) -> Self:
        """Raises ``UnicodeEncodeError`` for what has no UTF-8 form."""
        pool = "".join(values).encode()
        size = np.fromiter(map(len, values), dtype=np.int32, count=len(values))
        if len(pool) != int(size.sum(dtype=np.int64)):  # characters of more than one byte
            size = np.fromiter((len(value.encode()) for value in values), dtype=np.int32, count=len(values))
        return cls(pool, np.cumsum(size, dtype=np.int64) - size, size)

    @classmethod
    def absent(cls, n: int) -> Self:
        """n empty texts."""
        return cls(b"", np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int32))

    def __len__(self) -> int:
        return len(self.start)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> Self: ...
    def __getitem__(self, row: int | slice) -> str | Self:
        if isinstance(row, slice):
            return type(self)(self.pool, self.start[row], self.size[row])
        start = int(self.start[row])
        return self.pool[start : start + int(self.size[row])].decode()

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def tolist(self) -> list[str]:
        """30 ns a text."""
        if not len(self):
            return []
        joined = _gathered(self._raw, self.start, self.size).tobytes()[:-1].decode()
        values = joined.split(chr(_BREAK))
        return values if len(values) == len(self) else [self[row] for row in range(len(self))]

    @property
    def _raw(self) -> npt.NDArray[np.uint8]:
        """The pool."""
        return np.frombuffer(self.pool, dtype=np.uint8)

    def take(self, rows: npt.NDArray[np.intp]) -> Self:
        return type(self)(self.pool, self.start[rows], self.size[rows])

    def hashes(self, seeds: npt.NDArray[np.uint64] | None = None) -> npt.NDArray[np.uint64]:
        """XXH64 of each, of shape (n,), with seeds of shape (n,) or 0; 0 for an empty text.

        Raises ``ValueError`` where there are not n seeds.
        """
        if seeds is None:
            seeds = np.zeros(len(self), dtype=np.uint64)
        elif len(seeds) != len(self):
            raise ValueError(f"{len(seeds)} seeds for {len(self)} texts")
        return np.asarray(_hashes(self._raw, self.start, self.size, seeds))

    def distinct(self) -> Distinct:
        """40 ns a text, and 60 ns a different one."""
        row, code = _coded(self._raw, self.start, self.size)
        return Distinct(self.take(row).tolist(), code)

    def with_sizes(self) -> bytes:
        """All texts, each after its size as a varint: the body of a ``String`` column on ClickHouse's wire."""
        return bytes(_with_sizes(self._raw, self.start, self.size))


class Pools:
    """Joins columns of which many share their pools: each set of pools is joined once."""

    def __init__(self) -> None:
        self._joined: dict[tuple[int, ...], tuple[list[bytes], bytes]] = {}  # the pools too: ids are those of live ones

    def joined(self, parts: Sequence[Texts]) -> Texts:
        """The texts of all parts, one part after the other."""
        pools = [part.pool for part in parts]
        key = tuple(map(id, pools))
        if key not in self._joined:
            self._joined[key] = pools, b"".join(pools)
        _, pool = self._joined[key]
        shifts = np.cumsum([0, *(len(part.pool) for part in parts[:-1])])
        return Texts(
            pool,
            np.concatenate([part.start + shift for part, shift in zip(parts, shifts, strict=True)]),
            np.concatenate([part.size for part in parts]),
        )


@njit(cache=True, nogil=True)
def _gathered(pool, start, size):  # type: ignore[no-untyped-def]
    """Each text, and a break behind it."""
    out = np.empty(size.sum() + len(size), dtype=np.uint8)
    to = np.int64(0)
    for row in range(len(size)):
        for at in range(start[row], start[row] + size[row]):
            out[to] = pool[at]
            to += 1
        out[to] = _BREAK
        to += 1
    return out


@njit(cache=True, nogil=True)
def _hashes(pool, start, size, seeds):  # type: ignore[no-untyped-def]
    out = np.zeros(len(size), dtype=np.uint64)
    for row in range(len(size)):
        if size[row]:
            out[row] = xxh64(pool, start[row], size[row], seeds[row])
    return out


@njit(cache=True, nogil=True)
def _coded(pool, start, size):  # type: ignore[no-untyped-def]
    """The first rows of the different texts, and each row's code: open addressing with linear probing."""
    n = len(size)
    capacity = 16
    while capacity < 2 * n:
        capacity *= 2
    mask = np.uint64(capacity - 1)
    held = np.full(capacity, _FREE, dtype=np.int32)  # codes
    row_of = np.empty(n, dtype=np.int32)
    code = np.empty(n, dtype=np.int32)
    hashes = np.empty(n, dtype=np.uint64)  # by code
    n_codes = np.int32(0)
    for row in range(n):
        value_hash = xxh64(pool, start[row], size[row], np.uint64(0))
        at = value_hash & mask
        while held[at] != _FREE:
            other = row_of[held[at]]
            if hashes[held[at]] == value_hash and _equal(pool, start[row], size[row], start[other], size[other]):
                break
            at = (at + np.uint64(1)) & mask
        if held[at] == _FREE:
            held[at] = n_codes
            row_of[n_codes] = row
            hashes[n_codes] = value_hash
            n_codes += 1
        code[row] = held[at]
    return row_of[:n_codes], code


@njit(cache=True, nogil=True, inline="always")
def _equal(pool, start, size, other, other_size):  # type: ignore[no-untyped-def]
    if size != other_size:
        return False
    for at in range(size):  # noqa: SIM110 - numba has no all()
        if pool[start + at] != pool[other + at]:
            return False
    return True


@njit(cache=True, nogil=True)
def _with_sizes(pool, start, size):  # type: ignore[no-untyped-def]
    out = np.empty(size.sum() + 5 * len(size), dtype=np.uint8)
    to = np.int64(0)
    for row in range(len(size)):
        rest = size[row]
        while rest >= 0x80:
            out[to] = rest & 0x7F | 0x80
            rest >>= 7
            to += 1
        out[to] = rest
        to += 1
        for at in range(start[row], start[row] + size[row]):
            out[to] = pool[at]
            to += 1
    return out[:to]
