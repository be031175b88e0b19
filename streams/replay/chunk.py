"""A run of events ready to be sent: encoded, in columns, in the order of sending."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import msgspec
import numpy as np
import numpy.typing as npt

from schemas.events import EVENTS_OF_TOPIC

CHUNK_EVENTS = 4_000
"""Events of a chunk: about 10 ms of work, for which the event loop may wait."""

TOPIC_OF_TYPE: dict[str, str] = {
    kind.__struct_config__.tag: topic
    for topic, kinds in EVENTS_OF_TOPIC.items()
    for kind in get_args(kinds) or (kinds,)
}
"""The topic, in the contract's names, that takes events of a type."""

Columns = dict[str, Any]
"""Field of the contract to its values: a list or an array of shape (n,)."""

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """n events; each column has length n."""

    topic: Sequence[str]
    key: Sequence[bytes]
    value: Sequence[bytes]
    ts: npt.NDArray[np.int64]
    """Event time in Unix milliseconds."""

    def __len__(self) -> int:
        return len(self.ts)

    def slice(self, start: int, stop: int | None = None) -> Chunk:
        part = slice(start, stop)
        return Chunk(topic=self.topic[part], key=self.key[part], value=self.value[part], ts=self.ts[part])


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Events of one type as columns named as the contract's fields: at least event_id, user_id and ts."""

    type: str
    place: npt.NDArray[np.int64]
    """(n,) where each event stands among those of the chunk; ascending."""
    columns: Columns


@dataclass(frozen=True, kw_only=True, slots=True)
class Encoded:
    """Events of one topic as JSON; each column has the length of ``place``, which is as that of ``Rows``."""

    topic: str
    place: npt.NDArray[np.int64]
    key: Sequence[bytes]
    value: Sequence[bytes]
    ts: npt.NDArray[np.int64]


def encoded(parts: Iterable[Rows]) -> Chunk:
    """One chunk of all parts; their places taken together must be 0 to n - 1."""
    return assembled(
        Encoded(
            topic=TOPIC_OF_TYPE[part.type],
            place=part.place,
            key=[user.encode() for user in part.columns["user_id"]],
            value=_json(part.type, part.columns),
            ts=part.columns["ts"],
        )
        for part in parts
        if len(part.place)
    )


def assembled(parts: Iterable[Encoded]) -> Chunk:
    """As ``encoded``."""
    parts = list(parts)
    n = sum(len(part.place) for part in parts)
    topic = np.empty(n, dtype=object)  # (n,) and so the others
    key = np.empty(n, dtype=object)
    value = np.empty(n, dtype=object)
    ts = np.empty(n, dtype=np.int64)
    for part in parts:
        topic[part.place] = part.topic
        key[part.place] = part.key
        value[part.place] = part.value
        ts[part.place] = part.ts
    return Chunk(topic=topic.tolist(), key=key.tolist(), value=value.tolist(), ts=ts)


def window(chunks: Iterable[Chunk], start: int, limit: int | None = None) -> Iterator[Chunk]:
    """The events from number ``start`` on, ``limit`` of them at most."""
    skip, left = start, limit
    for chunk in chunks:
        part = chunk.slice(skip) if skip else chunk
        skip = max(0, skip - len(chunk))
        if left is not None:
            part = part.slice(0, left)
            left -= len(part)
        if len(part):
            yield part
        if left == 0:
            return


def _json(type: str, columns: Columns) -> list[bytes]:
    """One JSON object a row. JSON lines are split again, which is safe: in JSON a line break is always escaped."""
    names = ("type", *columns)
    lists = [column.tolist() if isinstance(column, np.ndarray) else column for column in columns.values()]
    rows = zip([type] * len(lists[0]), *lists, strict=True)
    return _encoder.encode_lines([dict(zip(names, row, strict=True)) for row in rows]).splitlines()
