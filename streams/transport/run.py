"""A run of Kafka records: what travels through Faust in place of single records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas.decode import Record


class Fetched(NamedTuple):
    """What one poll gave of one partition, and the position that it was read from (see ``ConsumerThread.epoch``)."""

    epoch: int
    records: list[Any]  # of Record


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordRun:
    """Records of one partition in offset order, at least one of them.

    ``ack`` says that all of them are done for good; the runs of a partition must be acknowledged in the order in which
    they came, each once. It is called on the event loop, doesn't block, and does nothing once the partition was handed
    over. It raises ``Fatal`` out of order, and from then on nothing of the assignment counts.
    """

    topic: str
    """The topic's name in the contract, without prefix."""
    partition: int
    records: list[Record]
    """As aiokafka parsed them."""
    ack: Callable[[], None]
    generation: int
    """Counts the assignments of this worker."""
    end: int
    """The offset after the partition's last record, as known when the run was delivered: its lag is ``end - last``."""

    def __len__(self) -> int:
        return len(self.records)

    @property
    def first(self) -> int:
        """Offset of the first record."""
        return int(self.records[0].offset)

    @property
    def last(self) -> int:
        """Offset of the last record; offsets in between may be missing."""
        return int(self.records[-1].offset)
