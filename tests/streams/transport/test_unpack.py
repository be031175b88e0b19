"""Batches, unpacked, hold the records that aiokafka's own parser finds in them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Record, Records
from streams.errors import Fatal
from streams.transport.packed import Packed, RecordBatch, pack
from streams.transport.raw_batches import _Results
from streams.transport.run import RecordRun
from streams.transport.unpack import unpack, unpacked

TP = TopicPartition("clicks", 0)
COUNT_AT, ATTRIBUTES_AT, LAST_DELTA_AT, CRC_AT = 57, 21, 23, 17
LOG_APPEND, CONTROL = 0x08, 0x20
ABORT, COMMIT = struct.pack(">HH", 0, 0), struct.pack(">HH", 0, 1)

strings = st.none() | st.binary(max_size=5) | st.binary(min_size=60, max_size=200)
headers = st.lists(st.tuples(st.text(max_size=3), st.none() | st.binary(max_size=3)), max_size=2)
times = st.integers(-1, 1 << 45)


class Message(NamedTuple):
    skipped: int
    """Offsets before it without a record."""
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


@dataclass(frozen=True)
class Batch:
    messages: list[Message]
    codec: int = 0
    log_append_time: bool = False
    producer: int = -1
    """Transactional where it isn't -1."""
    control: bool = False
    removed_after: int = 0
    """Offsets at its end without a record."""


class Answer(NamedTuple):
    """What a broker sends of one partition."""

    message_set: bytes
    aborted: list[tuple[int, int]]
    end: int


def sealed(batch: bytes | bytearray) -> bytes:
    """With the checksum that belongs to it."""
    made = bytearray(batch)
    struct.pack_into(">I", made, CRC_AT, calc_crc32c(bytes(made[ATTRIBUTES_AT:])))
    return bytes(made)


def written(batch: Batch, base: int) -> tuple[bytes, int]:
    """As bytes, and the offset after it."""
    builder = DefaultRecordBatchBuilder(2, batch.codec, batch.producer >= 0, batch.producer, 0, 0, 1 << 20)
    delta = -1
    for message in batch.messages:
        delta += 1 + message.skipped
        builder.append(delta, message.timestamp, message.key, message.value, message.headers)
    made = bytearray(builder.build())
    delta += batch.removed_after
    struct.pack_into(">q", made, 0, base)
    struct.pack_into(">i", made, LAST_DELTA_AT, delta)
    (attributes,) = struct.unpack_from(">h", made, ATTRIBUTES_AT)
    attributes |= LOG_APPEND * batch.log_append_time | CONTROL * batch.control
    struct.pack_into(">h", made, ATTRIBUTES_AT, attributes)
    return sealed(made), base + delta + 1


def in_old_format(messages: list[Message], magic: int) -> Answer:
    """Format 0 or 1, where each message is a batch."""
    builder = LegacyRecordBatchBuilder(magic, 0, 1 << 20)
    for at, message in enumerate(messages):
        builder.append(at, timestamp=message.timestamp, key=message.key, value=message.value)
    return Answer(bytes(builder.build()), [], len(messages))


messages = st.builds(Message, st.sampled_from([0, 0, 0, 2]), times, strings, strings, headers)
plain = st.builds(
    Batch, st.lists(messages, min_size=1, max_size=5), st.integers(0, 4), st.booleans(), removed_after=st.integers(0, 2)
)
empty = st.builds(Batch, st.just([]), removed_after=st.integers(1, 3))
of_producer = st.builds(
    Batch, st.lists(messages, min_size=1, max_size=3), st.integers(0, 4), producer=st.integers(0, 1)
)
markers = st.builds(
    Batch,
    st.sampled_from([ABORT, COMMIT]).map(lambda key: [Message(0, 5, key, b"\0" * 6, [])]),
    producer=st.integers(0, 1),
    control=st.just(True),
)
batches = st.lists(plain | plain | empty | of_producer | markers, min_size=1, max_size=8)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    base = draw(st.sampled_from([0, 3, 1 << 40]))
    parts = []
    aborted = []
    for batch in draw(batches):
        if batch.producer >= 0 and not batch.control and draw(st.booleans()):
            aborted.append((batch.producer, base))
        part, base = written(batch, base)
        parts.append(part)
    cut, _ = written(draw(plain), base)
    return Answer(b"".join(parts) + cut[: draw(st.integers(0, len(cut) - 1))], aborted, base)


def parsed(answer: Answer, fetch_offset: int) -> tuple[list[Record], int]:
    """By aiokafka alone: the records, and the next position."""
    records = PartitionRecords(
        TP, MemoryRecords(answer.message_set), answer.aborted, fetch_offset, None, None, True, READ_COMMITTED
    )
    found = [Record(one.offset, -1 if one.timestamp is None else one.timestamp, one.key, one.value) for one in records]
    return found, records.next_fetch_offset


def packed(answer: Answer, fetch_offset: int, limit: int) -> tuple[list[Packed], int]:
    records = PartitionRecords(
        TP, MemoryRecords(answer.message_set), answer.aborted, fetch_offset, None, None, True, READ_COMMITTED
    )
    results = _Results(frozenset({TP.topic}))
    results.answer = {TP: answer.message_set}
    results[TP] = FetchResult(TP, assignment=None, partition_records=records, backoff=0)
    return list(pack(records, limit)), records.next_fetch_offset


def run_of(one: Packed) -> RecordRun:
    return RecordRun(topic="clicks", partition=0, packed=one, after=-1, ack=lambda: None, generation=1, end=0)


old_answers = st.builds(in_old_format, st.lists(messages, min_size=1, max_size=4), st.integers(0, 1))


@given(answers() | old_answers, st.integers(0, 12), st.integers(1, 9))
def test_the_same_records_and_the_same_position_as_aiokafka_gives(answer: Answer, behind: int, limit: int) -> None:
    fetch_offset = max(0, answer.end - behind)
    records, position = parsed(answer, fetch_offset)

    runs, ours = packed(answer, fetch_offset, limit)

    assert ours == position
    assert list(Records.joined([unpack(run_of(run)) for run in runs])) == records
    for run in runs:
        assert run.n_records <= limit or len(run.parts) == 1
        assert len(unpacked(run)) <= run.n_records
        assert all(run.first <= record.offset <= run.last for record in unpacked(run))
    assert [run.last for run in runs] == sorted({run.last for run in runs})


@given(st.lists(messages, min_size=1, max_size=4), st.data())
def test_what_is_no_record_is_refused(written_messages: list[Message], data: st.DataObject) -> None:
    """Whatever the bytes are: never a record that aiokafka doesn't see, and nothing outside of the batch is read."""
    whole, end = written(Batch(written_messages), 0)
    made = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        made[data.draw(st.integers(COUNT_AT + 3, len(made) - 1))] = data.draw(st.integers(0, 255))
    answer = Answer(sealed(made), [], end)
    runs, _ = packed(answer, 0, 1000)
    try:
        ours = [record for run in runs for record in unpack(run_of(run))]
    except Fatal as error:
        assert str(error).startswith("clicks, partition 0, offsets 0 to ")
        with pytest.raises((CorruptRecordException, UnicodeDecodeError, OverflowError)):
            parsed(answer, 0)
        return
    try:
        theirs, _ = parsed(answer, 0)
    except UnicodeDecodeError:  # of a header's name, which isn't looked at here
        return
    assert ours == theirs


def test_a_wrong_checksum_is_told_before_anything_is_handed_out() -> None:
    made = bytearray(written(Batch([Message(0, 0, b"k", b"v", [])]), 0)[0])
    made[-2] ^= 1
    with pytest.raises(CorruptRecordException):
        packed(Answer(bytes(made), [], 1), 0, 10)


def test_an_unknown_codec_stops_the_worker() -> None:
    (run,), _ = packed(Answer(written(Batch([Message(0, 0, b"k", b"v", [])]), 0)[0], [], 1), 0, 10)
    (batch,) = run.parts
    assert isinstance(batch, RecordBatch)
    with pytest.raises(Fatal, match="clicks, partition 0, offsets 0 to 0: unknown compression codec 7"):
        unpack(run_of(run._replace(parts=[batch._replace(codec=7)])))


def test_other_topics_keep_their_records() -> None:
    message_set, _ = written(Batch([Message(0, 0, b"k", b"v", [])]), 0)
    records = PartitionRecords(TP, MemoryRecords(message_set), [], 0, None, None, True, READ_COMMITTED)
    results = _Results(frozenset({"carts"}))
    results.answer = {TP: message_set}
    results[TP] = FetchResult(TP, assignment=None, partition_records=records, backoff=0)
    (record,) = records
    assert (record.topic, record.offset, record.serialized_value_size) == ("clicks", 0, 1)
