"""The tables are told from others that only look like what was sent."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from schemas.topics import CLICKS
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from streams.simulate.arrived import differences
from streams.simulate.truth import Sent

SENT = {CLICKS: Sent(events=4, broken=1, sum=10, sum_of_squares=30)}


def write(writer: Writer, numbers: Iterable[int], *, broken: int = 1) -> None:
    ids = [f"7-{number}" for number in numbers]
    n = len(ids)
    events = {"topic": [CLICKS] * n, "partition": [0] * n, "offset": list(range(n)), "event_id": ids}
    events |= {"user_id": ["u1"] * n, "type_code": [1] * n, "ts": [1_735_689_600_000] * n}
    writer.insert("events", events, token=f"events {ids}")
    letters = {"topic": [CLICKS] * broken, "partition": [0] * broken, "offset": list(range(n, n + broken))}
    writer.insert("dead_letters", letters, token=f"letters {broken}")


def test_what_was_sent_is_there(settings: Settings, writer: Writer) -> None:
    write(writer, [1, 2, 3, 4])
    assert differences(settings, SENT, texts=False) == []


@pytest.mark.parametrize(
    ("numbers", "wrong"),
    [
        ([1, 2, 3], "has 3 rows"),
        ([1, 2, 3, 4, 5], "has 5 rows"),
        ([1, 2, 3, 5], "not of the same events"),
        ([1, 1, 4, 4], "has 2 rows"),
        ([2, 2, 2, 4], "has 2 rows"),
        ([0, 1, 4, 5], "not of the same events"),
    ],
)
def test_what_is_missing_double_or_strange(settings: Settings, writer: Writer, numbers: list[int], wrong: str) -> None:
    write(writer, numbers)
    (problem,) = differences(settings, SENT, texts=False)
    assert wrong in problem


def test_dead_letters_are_counted(settings: Settings, writer: Writer) -> None:
    write(writer, [1, 2, 3, 4], broken=2)
    (problem,) = differences(settings, SENT, texts=False)
    assert "2 dead letters" in problem
