"""When a worker is well: whatever there is to do has come on lately."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from schemas.topics import CARTS, CLICKS
from streams.transport.consumer_thread import End
from streams.worker.claims import TopicPartition
from streams.worker.figures import Figures
from streams.worker.health import Health
from streams.worker.processor import Outcome
from tests.streams.worker.runs import NOW_MS, run_from

READ_UP: Mapping[TopicPartition, End] = {(CLICKS, 0): End(after_last=10, next_fetched=10)}
UNREAD: Mapping[TopicPartition, End] = {(CLICKS, 0): End(after_last=11, next_fetched=10)}


def figures() -> Figures:
    made = Figures()
    made.assigned({(CLICKS, 0): 9, (CARTS, 0): -1})
    return made


def unwell(figures: Figures, ends: Mapping[TopicPartition, End] = READ_UP, *, stalled_s: float = -1.0) -> str:
    return Health(figures, lambda: ends, stalled_s=stalled_s).unwell


def test_without_work_it_is_well_however_long() -> None:
    assert unwell(Figures(), {}) == ""
    assert unwell(figures()) == ""


def test_records_that_nobody_fetches_are_work() -> None:
    assert unwell(figures(), UNREAD) == "no progress"
    assert unwell(figures(), UNREAD, stalled_s=60.0) == ""


def test_records_in_hand_are_work_until_they_are_written() -> None:
    made = figures()
    run = run_from(CLICKS, 10, 19)
    made.takes(run)
    assert unwell(made) == "no progress"
    made.processed(Outcome(run=run, epoch=1), took_s=0.1)
    assert unwell(made) == "no progress"
    assert unwell(made, stalled_s=60.0) == ""
    made.written([Outcome(run=run, epoch=1)], took_s=0.1, written_ms=NOW_MS)
    assert unwell(made) == ""


def test_of_another_assignment_nothing_is_in_hand() -> None:
    made = figures()
    made.takes(run_from(CLICKS, 10, 19))
    made.revoked()
    assert unwell(made) == ""
    made.assigned({(CLICKS, 0): 9})
    made.written([Outcome(run=run_from(CARTS, 0, 9), epoch=1)], took_s=0.1, written_ms=NOW_MS)
    assert unwell(made) == ""
    assert made.done == {(CLICKS, 0): 9}


@pytest.mark.parametrize("last", [5, 9])
def test_a_run_that_was_done_before_is_no_work(last: int) -> None:
    made = figures()
    made.takes(run_from(CLICKS, 0, last))
    assert unwell(made) == ""
