"""XXH64, by which identities, devices, items and the like are told apart: the hash that ClickHouse calls ``xxHash64``.

Specification: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. The xxhash package computes the same, but
one Python string at a time.
"""

from __future__ import annotations

import numpy as np
import xxhash
from numba import njit

_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)


def hash_of(value: str) -> int:
    """64-bit hash of the UTF-8 form; 0 for the empty string, which is an absent value."""
    return xxhash.xxh64_intdigest(value.encode()) if value else 0


@njit(cache=True, nogil=True)
def xxh64(text, start, size, seed):  # type: ignore[no-untyped-def]
    """The hash of ``size`` bytes from ``start`` on of ``text``, an array of uint8. ``seed`` is a uint64."""
    at = np.uint64(start)
    end = at + np.uint64(size)
    if size >= 32:
        v1, v2, v3, v4 = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
        while at + np.uint64(32) <= end:
            v1 = _round(v1, _read64(text, at))
            v2 = _round(v2, _read64(text, at + np.uint64(8)))
            v3 = _round(v3, _read64(text, at + np.uint64(16)))
            v4 = _round(v4, _read64(text, at + np.uint64(24)))
            at += np.uint64(32)
        h = _rotated(v1, 1) + _rotated(v2, 7) + _rotated(v3, 12) + _rotated(v4, 18)
        h = _merged(_merged(_merged(_merged(h, v1), v2), v3), v4)
    else:
        h = seed + _P5
    h += np.uint64(size)
    while at + np.uint64(8) <= end:
        h = _rotated(h ^ _round(np.uint64(0), _read64(text, at)), 27) * _P1 + _P4
        at += np.uint64(8)
    if at + np.uint64(4) <= end:
        h = _rotated(h ^ _read32(text, at) * _P1, 23) * _P2 + _P3
        at += np.uint64(4)
    while at < end:
        h = _rotated(h ^ np.uint64(text[at]) * _P5, 11) * _P1
        at += np.uint64(1)
    h = (h ^ h >> np.uint64(33)) * _P2
    h = (h ^ h >> np.uint64(29)) * _P3
    return h ^ h >> np.uint64(32)


@njit(cache=True, nogil=True, inline="always")
def _rotated(value, bits):  # type: ignore[no-untyped-def]
    return value << np.uint64(bits) | value >> np.uint64(64 - bits)


@njit(cache=True, nogil=True, inline="always")
def _round(value, lane):  # type: ignore[no-untyped-def]
    return _rotated(value + lane * _P2, 31) * _P1


@njit(cache=True, nogil=True, inline="always")
def _merged(value, lane):  # type: ignore[no-untyped-def]
    return (value ^ _round(np.uint64(0), lane)) * _P1 + _P4


@njit(cache=True, nogil=True)
def _read64(text, at):  # type: ignore[no-untyped-def]
    return _read32(text, at) | _read32(text, at + np.uint64(4)) << np.uint64(32)


@njit(cache=True, nogil=True)
def _read32(text, at):  # type: ignore[no-untyped-def]
    low = np.uint64(text[at]) | np.uint64(text[at + np.uint64(1)]) << np.uint64(8)
    high = np.uint64(text[at + np.uint64(2)]) | np.uint64(text[at + np.uint64(3)]) << np.uint64(8)
    return low | high << np.uint64(16)
