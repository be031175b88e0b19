from __future__ import annotations

from aiokafka import ConsumerRecord
from faust.types import TP

from streams.transport.run import Fetched
from streams.transport.scheduler import RunScheduler


def record(topic: str, partition: int, offset: int) -> ConsumerRecord:
    return ConsumerRecord(topic, partition, offset, 1000 + offset, 0, b"k", b"v", None, 1, 1, (("h", b""),))


def test_one_message_a_partition_for_runs_and_one_a_record_for_the_rest() -> None:
    fetched = Fetched(7, [record("clicks", 1, 3), record("clicks", 1, 8)])
    leader = [record("leader", 0, 0), record("leader", 0, 1)]
    got = list(RunScheduler().iterate({TP("leader", 0): leader, TP("clicks", 1): fetched}))
    (tp, composite), *rest = got
    assert (tp, composite.offset, composite.timestamp, composite.value) == (TP("clicks", 1), 8, 1008, fetched)
    assert rest == [(TP("leader", 0), leader[0]), (TP("leader", 0), leader[1])]
