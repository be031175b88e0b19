"""Kafka records as columns: the form in which they come to the decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

NO_TIME = -1
"""The timestamp of a record without one."""
_BREAK = b"\n"


class RecordLike(Protocol):
    """What is used of a Kafka record; aiokafka's ``ConsumerRecord`` is one."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int | None: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class Record(NamedTuple):
    offset: int
    timestamp: int
    """Unix milliseconds."""
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """n byte strings in one, with a line break between each two. An absent one is empty there.

    >>> names = Joined.of([b"ann", None, b"bob"])
    >>> names.text, names.end.tolist(), list(names)
    (b'ann\\n\\nbob', [3, 4, 8], [b'ann', None, b'bob'])
    """

    text: bytes
    end: npt.NDArray[np.int64]
    """Where each ends in ``text``; the break after it doesn't count."""
    absent: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, strings: Sequence[bytes | None]) -> Self:
        sizes = np.fromiter((len(string or b"") for string in strings), dtype=np.int64, count=len(strings))
        absent = np.fromiter((string is None for string in strings), dtype=np.bool_, count=len(strings))
        text = _BREAK.join([string or b"" for string in strings])
        return cls(text, np.cumsum(sizes + 1) - 1, absent)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        parts = [part for part in parts if len(part)]
        if not parts:
            return cls.of([])
        shifts = np.cumsum([0, *(len(part.text) + 1 for part in parts[:-1])])
        return cls(
            _BREAK.join([part.text for part in parts]),
            np.concatenate([part.end + shift for part, shift in zip(parts, shifts, strict=True)]),
            np.concatenate([part.absent for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.end)

    def __getitem__(self, row: int) -> bytes | None:
        return None if self.absent[row] else self.text[self.start[row] : self.end[row]]

    def __iter__(self) -> Iterator[bytes | None]:
        spans = zip(self.start.tolist(), self.end.tolist(), self.absent.tolist(), strict=True)
        return (None if absent else self.text[start:end] for start, end, absent in spans)

    @property
    def start(self) -> npt.NDArray[np.int64]:
        """Where each starts in ``text``."""
        start = np.zeros_like(self.end)
        start[1:] = self.end[:-1] + 1
        return start

    def since(self, row: int) -> Self:
        """Those from ``row`` on."""
        start = int(self.end[row - 1]) + 1 if row else 0
        return type(self)(self.text[start:], self.end[row:] - start, self.absent[row:])


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """n records of one partition in the order of their offsets. Iterating makes an object of each."""

    offset: npt.NDArray[np.int64]
    timestamp: npt.NDArray[np.int64]
    keys: Joined
    values: Joined

    @classmethod
    def of(cls, records: Sequence[RecordLike]) -> Self:
        return cls(
            np.array([record.offset for record in records], dtype=np.int64),
            np.array([NO_TIME if record.timestamp is None else record.timestamp for record in records], dtype=np.int64),
            Joined.of([record.key for record in records]),
            Joined.of([record.value for record in records]),
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The records of all parts, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.of([])
        return cls(
            np.concatenate([part.offset for part in parts]),
            np.concatenate([part.timestamp for part in parts]),
            Joined.joined([part.keys for part in parts]),
            Joined.joined([part.values for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.offset)

    def __getitem__(self, row: int) -> Record:
        return Record(int(self.offset[row]), int(self.timestamp[row]), self.keys[row], self.values[row])

    def __iter__(self) -> Iterator[Record]:
        columns = self.offset.tolist(), self.timestamp.tolist(), self.keys, self.values
        return map(Record, *columns)

    def where(self, keep: npt.NDArray[np.bool_]) -> Self:
        """Those where ``keep``, of shape (n,), is true; the records themselves where all are."""
        return self if keep.all() else self.of(list(compress(self, keep)))

    def after(self, offset: int) -> Self:
        """Those beyond ``offset``."""
        row = int(np.searchsorted(self.offset, offset, side="right"))
        if not row:
            return self
        return type(self)(self.offset[row:], self.timestamp[row:], self.keys.since(row), self.values.since(row))
