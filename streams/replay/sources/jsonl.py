"""Events of the contract as JSON lines, sent as they are; what makes them events is checked, line by line.

``read_raw`` checks nothing: it is for sending what consumers must cope with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from itertools import islice
from operator import or_
from pathlib import Path
from time import time

import msgspec
import numpy as np

from schemas.decode import reason_of
from schemas.events import EVENTS_OF_TOPIC
from streams.errors import Invalid
from streams.replay.chunk import CHUNK_EVENTS, TOPIC_OF_TYPE, Chunk
from streams.replay.json_lines import lines_of
from streams.replay.source import Source

_TYPE = re.compile(rb'"type"\s*:\s*"(\w*)"')
_USER = re.compile(rb'"user_id"\s*:\s*"([^"\\]*)"')


def read(path: Path) -> Iterator[Chunk]:
    """Raises ``Invalid`` at the first line that isn't an event; chunks before it have been given."""
    decoder = msgspec.json.Decoder(reduce(or_, EVENTS_OF_TOPIC.values()))
    lines = lines_of(path)
    while run := list(islice(lines, CHUNK_EVENTS)):
        events = []
        for number, line in run:
            try:
                events.append(decoder.decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise Invalid(f"{path}, line {number}: {reason_of(error)}") from None
        yield Chunk(
            topic=[TOPIC_OF_TYPE[event.__struct_config__.tag] for event in events],
            key=[event.user_id.encode() for event in events],
            value=[line for _, line in run],
            ts=np.array([event.ts for event in events], dtype=np.int64),
        )


def read_raw(path: Path, topic: str) -> Iterator[Chunk]:
    """Every line, keyed by its ``user_id`` as far as that can be told, to ``topic`` unless its type tells another."""
    lines = lines_of(path)
    while run := [line for _, line in islice(lines, CHUNK_EVENTS)]:
        types = [_TYPE.search(line) for line in run]
        users = [_USER.search(line) for line in run]
        yield Chunk(
            topic=[TOPIC_OF_TYPE.get(type[1].decode(errors="replace"), topic) if type else topic for type in types],
            key=[user[1] if user else b"" for user in users],
            value=run,
            ts=np.full(len(run), int(time() * 1000), dtype=np.int64),
        )


SOURCE = Source(
    name="jsonl",
    description="events of the contract, one a line",
    citation="see footfall schema",
    read=read,
)
