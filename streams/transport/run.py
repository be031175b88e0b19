"""A run of Kafka records: what travels through Faust in place of single records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from aiokafka import ConsumerRecord
from faust.types import TP

from streams.transport.packed import Packed


class Fetched(NamedTuple):
    """Records of one partition, and the position that they were read from (see ``ConsumerThread.epoch``)."""

    epoch: int
    packed: Packed

    def to_message(self, tp: TP) -> ConsumerRecord:
        """One record in place of all: with the last one's offset, and this as its value."""
        return ConsumerRecord(
            topic=tp.topic,
            partition=tp.partition,
            offset=self.packed.last,
            timestamp=self.packed.timestamp,
            timestamp_type=0,
            key=None,
            value=self,
            checksum=None,
            serialized_key_size=-1,
            serialized_value_size=-1,
            headers=(),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordRun:
    """Records of one partition in offset order; ``streams.transport.unpack`` gives them as columns.

    ``ack`` says that all of them are done for good; the runs of a partition must be acknowledged in the order in which
    they came, each once. It is called on the event loop, doesn't block, and does nothing once the partition was handed
    over. It raises ``Fatal`` out of order, and from then on nothing of the assignment counts.
    """

    topic: str
    """The topic's name in the contract, without prefix."""
    partition: int
    packed: Packed
    after: int
    """Those up to this offset came before, and aren't part of the run."""
    ack: Callable[[], None]
    generation: int
    """Counts the assignments of this worker."""
    end: int
    """The offset after the partition's last record, as known when the run was delivered: its lag is ``end - last``."""

    def __len__(self) -> int:
        """How many records there are at most: compaction and ``after`` may leave fewer, even none."""
        return self.packed.n_records

    @property
    def first(self) -> int:
        """No record has a lower offset."""
        return max(self.packed.first, self.after + 1)

    @property
    def last(self) -> int:
        """No record has a higher offset, and the partition's next run starts beyond it."""
        return self.packed.last
