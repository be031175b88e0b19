"""One assignment of partitions to this worker: which runs were delivered, and which were acknowledged."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from streams.errors import Fatal
from streams.transport.handler import Partitions
from streams.transport.packed import Packed
from streams.transport.run import RecordRun

OnAck = Callable[[str, int, int], None]
"""Called with topic, partition and the last offset that is done."""


class Assignment:
    """Lives from the broker's assignment to its revocation; after that its runs' acks are ignored.

    Parameters
    ----------
    generation
        Counts the assignments of this worker.
    partitions
        What was assigned.
    on_ack
        Told of each ack that counts.
    """

    def __init__(self, generation: int, partitions: Partitions, on_ack: OnAck) -> None:
        self.generation = generation
        self.partitions = partitions
        self.delivering = False
        self.counting = True
        self._on_ack = on_ack
        self._delivered = dict.fromkeys(partitions, -1)  # last offset
        self._unacked: dict[tuple[str, int], deque[int]] = {pair: deque() for pair in partitions}  # last offsets

    def deliver(self, topic: str, partition: int, packed: Packed, end: int) -> RecordRun | None:
        """The records as a run, those delivered before left out; None if that leaves none or deliveries are over."""
        pair = topic, partition
        if not self.delivering or pair not in self.partitions:
            return None
        delivered, last = self._delivered[pair], packed.last
        if last <= delivered:  # Faust went back to the committed offset without need
            return None
        self._delivered[pair] = last
        self._unacked[pair].append(last)
        ack = partial(self._ack, topic, partition, last)
        return RecordRun(
            topic=topic,
            partition=partition,
            packed=packed,
            after=delivered,
            ack=ack,
            generation=self.generation,
            end=end,
        )

    def _ack(self, topic: str, partition: int, last: int) -> None:
        if not self.counting:
            return
        unacked = self._unacked[topic, partition]
        if not unacked or unacked[0] != last:
            self.counting = False  # committing anything now might skip work that isn't done
            raise Fatal(f"{topic}, partition {partition}: offset {last} was acknowledged out of order")
        unacked.popleft()
        self._on_ack(topic, partition, last)
