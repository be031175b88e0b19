from __future__ import annotations

from faust.types import TP

from schemas.records import NO_TIME, Record
from streams.transport.packed import pack
from streams.transport.run import Fetched


def test_what_was_fetched_travels_as_one_message_with_the_last_offset() -> None:
    (packed,) = pack([Record(3, 1003, b"k", b"v"), Record(8, 1008, None, None)], limit=5)
    fetched = Fetched(7, packed)
    message = fetched.to_message(TP("clicks", 1))
    assert (message.topic, message.partition, message.offset, message.timestamp) == ("clicks", 1, 8, 1008)
    assert message.value is fetched


def test_runs_are_cut_at_their_limit() -> None:
    runs = list(pack([Record(at, NO_TIME, None, b"v") for at in range(5)], limit=2))
    assert [(run.first, run.last, run.n_records) for run in runs] == [(0, 1, 2), (2, 3, 2), (4, 4, 1)]


def test_nothing_fetched_is_no_run() -> None:
    assert list(pack([], limit=2)) == []
