from __future__ import annotations

import pytest

from schemas.records import Record
from streams.errors import Fatal
from streams.transport.assignment import Assignment
from streams.transport.packed import Packed, pack
from streams.transport.run import RecordRun
from streams.transport.unpack import unpack

PAIR = ("clicks", 0)


class Acks(list[tuple[str, int, int]]):
    def note(self, topic: str, partition: int, last: int) -> None:
        self.append((topic, partition, last))


def assignment(acks: Acks) -> Assignment:
    made = Assignment(1, {PAIR}, acks.note)
    made.delivering = True
    return made


def packed(*offsets: int) -> Packed:
    (made,) = pack([Record(offset, 0, None, None) for offset in offsets], limit=100)
    return made


def deliver(made: Assignment, *offsets: int) -> RecordRun:
    run = made.deliver(*PAIR, packed(*offsets), end=100)
    assert run is not None
    return run


def test_acks_in_order_count() -> None:
    acks = Acks()
    made = assignment(acks)
    runs = [deliver(made, 0, 1), deliver(made, 5), deliver(made, 6, 9)]
    for run in runs:
        run.ack()
    assert acks == [(*PAIR, 1), (*PAIR, 5), (*PAIR, 9)]
    assert (runs[2].first, runs[2].last, len(runs[2]), runs[2].end) == (6, 9, 2, 100)


def test_an_ack_out_of_order_is_fatal_and_ends_all_counting() -> None:
    acks = Acks()
    made = assignment(acks)
    first, second = deliver(made, 0), deliver(made, 1)
    with pytest.raises(Fatal, match="clicks, partition 0: offset 1 was acknowledged out of order"):
        second.ack()
    first.ack()
    assert acks == []


def test_a_second_ack_is_out_of_order() -> None:
    made = assignment(Acks())
    run = deliver(made, 0)
    run.ack()
    with pytest.raises(Fatal):
        run.ack()


def test_records_come_once() -> None:
    made = assignment(Acks())
    deliver(made, 0, 1, 2)
    run = deliver(made, 1, 2, 3)
    assert (unpack(run).offset.tolist(), run.first, run.last) == ([3], 3, 3)
    assert made.deliver(*PAIR, packed(3), end=100) is None


def test_nothing_is_delivered_that_is_not_assigned_or_not_announced() -> None:
    made = Assignment(1, {PAIR}, Acks().note)
    assert made.deliver(*PAIR, packed(0), end=1) is None
    made.delivering = True
    assert made.deliver("clicks", 1, packed(0), end=1) is None


def test_stale_acks_are_ignored() -> None:
    acks = Acks()
    made = assignment(acks)
    first, second = deliver(made, 0), deliver(made, 1)
    made.counting = False
    second.ack()
    first.ack()
    assert acks == []
