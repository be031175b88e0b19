"""Record batches out of aiokafka's fetcher, in place of the records that it would make of them.

aiokafka still does all but that: it verifies checksums, leaves out control batches and aborted transactions, and moves
the position.
"""

from __future__ import annotations

import asyncio
import struct
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from streams.transport.packed import RecordBatch

_INT32 = struct.Struct(">i")
_LENGTH_AT = 8
_LENGTH_COUNTS_FROM = DefaultRecordBase.AFTER_LEN_OFFSET
_PAYLOAD_AT = DefaultRecordBase.HEADER_STRUCT.size
_COUNT_AT = _PAYLOAD_AT - 4


def hand_out_batches(fetcher: Fetcher, topics: frozenset[str], *, pause_s: float) -> None:
    """Make ``fetcher`` give out a ``RecordBatch`` for each batch of ``topics``, and ask no broker again before
    ``pause_s`` after its last answer.

    Of a message format older than 2 it gives out records as parsed: with offset, timestamp, key and value.
    """
    results = _Results(topics)
    results.update(fetcher._records)
    fetcher._records = results
    fetcher._client = _Client(fetcher._client, results, pause_s)


class _Client:
    """The fetcher's client, but that a broker's answer is followed by a pause, and that ``results`` get to see each
    answer before the fetcher takes it apart."""

    def __init__(self, client: Any, results: _Results, pause_s: float) -> None:
        self._client = client
        self._results = results
        self._pause_s = pause_s
        self._next_fetch: dict[int, float] = {}  # by node, in the event loop's time

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: int, request: Any) -> Any:
        if not isinstance(request, FetchRequest):
            return await self._client.send(node_id, request)
        now = asyncio.get_running_loop().time
        await asyncio.sleep(self._next_fetch.get(node_id, 0.0) - now())
        try:
            response = await self._client.send(node_id, request)
        finally:
            self._next_fetch[node_id] = now() + self._pause_s
        # Until the fetcher has put these results in their place, nothing else runs on its event loop.
        self._results.answer = {
            TopicPartition(topic, partition): message_set
            for topic, partitions in response.topics
            for partition, *_, message_set in partitions
        }
        return response


class _Results(OrderedDict[TopicPartition, Any]):
    """Where the fetcher keeps the answers that were not taken yet."""

    def __init__(self, topics: frozenset[str]) -> None:
        super().__init__()
        self._topics = topics
        self.answer: Mapping[TopicPartition, bytes] = {}

    def __setitem__(self, tp: TopicPartition, result: Any) -> None:
        if tp.topic in self._topics and isinstance(result, FetchResult):
            records = result._partition_records
            records._consumer_record = partial(_handed_out, records)
            if tp in self.answer:
                records._records = _Batches(self.answer[tp])
        super().__setitem__(tp, result)


def _handed_out(records: PartitionRecords, tp: TopicPartition, record: Any) -> Any:
    if isinstance(record, _Batch):
        return record.whole(records.next_fetch_offset)
    return record


class _Batches:
    """In place of aiokafka's ``MemoryRecords``."""

    def __init__(self, message_set: bytes) -> None:
        self._message_set = memoryview(message_set)
        self._batches = MemoryRecords(message_set)
        self._at = 0
        self.has_next = self._batches.has_next

    def next_batch(self) -> Any:
        batch = self._batches.next_batch()
        start = self._at
        (length,) = _INT32.unpack_from(self._message_set, start + _LENGTH_AT)
        self._at = start + _LENGTH_COUNTS_FROM + length
        if isinstance(batch, DefaultRecordBatch) and not batch.is_control_batch:
            return _Batch(batch, self._message_set[start : self._at])
        return batch


class _Batch:
    """In place of aiokafka's batch: has one record, which is the batch itself."""

    def __init__(self, batch: Any, content: memoryview) -> None:
        self._batch = batch
        self._content = content
        (self._count,) = _INT32.unpack_from(content, _COUNT_AT)
        self.offset = batch.next_offset - 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[_Batch]:
        empty = not self._count and len(self._content) == _PAYLOAD_AT
        return iter([] if empty else [self])

    def whole(self, fetch_offset: int) -> RecordBatch:
        batch = self._batch
        return RecordBatch(
            offset=self.offset,
            fetch_offset=fetch_offset,
            base_offset=batch.base_offset,
            n_records=self._count,
            codec=batch.compression_type,
            first_timestamp=batch.first_timestamp,
            timestamp=batch.max_timestamp,
            log_append_time=batch.timestamp_type == DefaultRecordBase.LOG_APPEND_TIME,
            payload=self._content[_PAYLOAD_AT:],
        )
