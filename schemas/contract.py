"""The contract of a topic's events as arrays, derived from their structs: what ``scan`` holds bytes against."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import inspect, structs
from numba import njit

from schemas.batch import NUMBERS, TEXTS
from schemas.events import EVENTS_OF_TOPIC, Event
from schemas.topics import KEYED_BY_USER

UNKNOWN = -1
"""Stands for a field that the contract doesn't have."""

_FIELDS = (*TEXTS, "type", *NUMBERS, "ts")
_SLOTS = 128  # of the table of field names


class Names(NamedTuple):
    """Byte strings one after the other."""

    text: npt.NDArray[np.uint8]
    start: npt.NDArray[np.int32]
    size: npt.NDArray[np.int32]

    @classmethod
    def of(cls, names: list[bytes]) -> Names:
        size = np.array([len(name) for name in names], dtype=np.int32)
        return cls(np.frombuffer(b"".join(names), dtype=np.uint8), np.cumsum(size, dtype=np.int32) - size, size)


class Contract(NamedTuple):
    """What the events of a topic have to be, as arrays: t types, and fields in the order of ``_FIELDS``."""

    fields: Names
    user_id: int  # which of the fields
    is_key: bool  # whether that is the record's key, too
    multiplier: np.uint64
    slots: npt.NDArray[np.int8]  # (_SLOTS,) field by the hash of its name
    tags: Names  # t
    code: npt.NDArray[np.uint8]  # (t,)
    required: npt.NDArray[np.int64]  # (t,) a bit a field
    shortest: npt.NDArray[np.int32]  # (t, texts) bytes
    longest: npt.NDArray[np.int32]  # (t, texts) bytes
    lowest: npt.NDArray[np.float64]  # (t, numbers and ts)
    highest: npt.NDArray[np.float64]  # (t, numbers and ts)
    default: npt.NDArray[np.float64]  # (numbers,)

    @classmethod
    def of(cls, topic: str) -> Contract:
        """As the structs of the topic's events declare it."""
        types = list(_types(EVENTS_OF_TOPIC[topic]))
        defaults = {field.name: field.default for field in structs.fields(Event)}
        fields_of = [{field.name: field for field in found.fields} for found in types]
        names = [name.encode() for name in _FIELDS]
        multiplier, slots = _perfect(tuple(names))
        sizes = np.array([[_sizes(fields[name].type) for name in TEXTS] for fields in fields_of], dtype=np.int32)
        bounds = np.array([[_bounds(fields[name].type) for name in (*NUMBERS, "ts")] for fields in fields_of])
        return cls(
            fields=Names.of(names),
            user_id=_FIELDS.index("user_id"),
            is_key=topic in KEYED_BY_USER,
            multiplier=multiplier,
            slots=slots,
            tags=Names.of([str(found.tag).encode() for found in types]),
            code=np.array([found.cls.code for found in types], dtype=np.uint8),  # type: ignore[attr-defined]
            required=np.array([_required(fields) for fields in fields_of], dtype=np.int64),
            shortest=np.ascontiguousarray(sizes[:, :, 0]),
            longest=np.ascontiguousarray(sizes[:, :, 1]),
            lowest=np.ascontiguousarray(bounds[:, :, 0]),
            highest=np.ascontiguousarray(bounds[:, :, 1]),
            default=np.array([defaults[name] for name in NUMBERS], dtype=np.float64),
        )


def _types(events: Any) -> Iterator[inspect.StructType]:
    found = inspect.type_info(events)
    for each in found.types if isinstance(found, inspect.UnionType) else (found,):
        assert isinstance(each, inspect.StructType)  # noqa: S101 - for mypy: events are structs
        yield each


def _required(fields: dict[str, inspect.Field]) -> int:
    bits = sum(1 << index for index, name in enumerate(_FIELDS) if name in fields and fields[name].required)
    return bits | 1 << _FIELDS.index("type")


def _sizes(kind: Any) -> tuple[int, int]:
    """The fewest and the most bytes at which a text is sure to be of a right length; none where it has a pattern."""
    if kind.pattern is not None:
        return 0, -1
    fewest = 4 * (kind.min_length or 0) - 3  # a character takes 1 to 4
    most = np.iinfo(np.int32).max if kind.max_length is None else kind.max_length
    return max(fewest, 0), most


def _bounds(kind: Any) -> tuple[float, float]:
    """Both inclusive."""
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    low = math.nextafter(kind.gt, math.inf) if kind.gt is not None else kind.ge
    high = math.nextafter(kind.lt, -math.inf) if kind.lt is not None else kind.le
    return -math.inf if low is None else low, math.inf if high is None else high


@cache
def _perfect(names: tuple[bytes, ...]) -> tuple[np.uint64, npt.NDArray[np.int8]]:
    """A multiplier by which the names fall into different slots, and the table."""
    for multiplier in np.random.default_rng(0).integers(2**64, size=1000, dtype=np.uint64):
        at = [int(slot_of_name(np.frombuffer(name, dtype=np.uint8), 0, len(name), multiplier)) for name in names]
        if len(set(at)) == len(names):
            slots = np.full(_SLOTS, UNKNOWN, dtype=np.int8)
            slots[at] = np.arange(len(names))
            return multiplier, slots
    raise ValueError("two fields' names are of one size, with the same first, middle and last byte")


@njit(cache=True, nogil=True)
def slot_of_name(text, at, size, multiplier):  # type: ignore[no-untyped-def]
    """By the name's size, and its first, middle and last byte."""
    first, middle = np.uint64(text[np.uint64(at)]), np.uint64(text[np.uint64(at + size // 2)])
    last = np.uint64(text[np.uint64(at + size - 1)])
    key = np.uint64(size) << np.uint64(24) | first << np.uint64(16) | middle << np.uint64(8) | last
    return key * multiplier >> np.uint64(57)
