"""Records as the broker sent them: whole record batches, compressed, of which only the headers were read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from schemas.records import NO_TIME, RecordLike


class RecordBatch(NamedTuple):
    """A batch of message format 2, its checksum verified. In aiokafka's eyes it is one record, that of ``offset``."""

    offset: int
    """The last offset of the batch; compaction may have removed the record."""
    fetch_offset: int
    """Records before it were not asked for."""
    base_offset: int
    n_records: int
    """Records in the batch, those before ``fetch_offset`` included."""
    codec: int
    """As in the attributes of the batch; 0 is uncompressed."""
    first_timestamp: int
    """That the records' own times are relative to, in Unix milliseconds."""
    timestamp: int
    """The latest, in Unix milliseconds."""
    log_append_time: bool
    """Whether ``timestamp`` counts for all records, in place of their own."""
    payload: memoryview


class Packed(NamedTuple):
    """Records of one partition in offset order, to be unpacked later and off the event loop."""

    parts: Sequence[RecordBatch | RecordLike]
    """Records of their own where the message format is older than 2."""
    first: int
    """No record is before this offset."""
    last: int
    """No record is after this offset, and the next one to fetch is."""
    n_records: int
    """How many records there are at most."""
    timestamp: int
    """The latest of the last part, in Unix milliseconds."""


def pack(parts: Iterable[RecordBatch | RecordLike], limit: int) -> Iterator[Packed]:
    """Runs of at most ``limit`` records; of more where a single batch has more, since batches stay whole."""
    held: list[RecordBatch | RecordLike] = []
    count = 0
    for part in parts:
        size = part.n_records if isinstance(part, RecordBatch) else 1
        if held and count + size > limit:
            yield _packed(held, count)
            held, count = [], 0
        held.append(part)
        count += size
    if held:
        yield _packed(held, count)


def _packed(parts: Sequence[RecordBatch | RecordLike], count: int) -> Packed:
    first, last = parts[0], parts[-1]
    start = max(first.base_offset, first.fetch_offset) if isinstance(first, RecordBatch) else first.offset
    return Packed(parts, start, last.offset, count, NO_TIME if last.timestamp is None else last.timestamp)
