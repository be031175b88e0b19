"""The order in which fetched records enter Faust: what was fetched of one partition as one message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aiokafka import ConsumerRecord
from faust.transport.utils import DefaultSchedulingStrategy
from faust.types import TP

from streams.transport.run import Fetched


class RunScheduler(DefaultSchedulingStrategy):
    """Yields each :class:`Fetched` as one record: the last one's offset and time, with all of them as its value.

    Lists of records (of Faust's own topics) go record by record.
    """

    def __init__(self) -> None:
        pass

    def iterate(self, records: Mapping[TP, Any]) -> Iterator[tuple[TP, Any]]:
        singles = {}
        for tp, fetched in records.items():
            if isinstance(fetched, Fetched):
                yield tp, _composite(tp, fetched)
            else:
                singles[tp] = fetched
        yield from super().iterate(singles)


def _composite(tp: TP, fetched: Fetched) -> ConsumerRecord:
    last = fetched.records[-1]
    return ConsumerRecord(
        topic=tp.topic,
        partition=tp.partition,
        offset=last.offset,
        timestamp=last.timestamp,
        timestamp_type=last.timestamp_type,
        key=None,
        value=fetched,
        checksum=None,
        serialized_key_size=-1,
        serialized_value_size=-1,
        headers=(),
    )
