"""The pipeline as the transport calls it: on a real broker and engine, without a consumer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from schemas.topics import BEHAVIOUR, CARTS, CLICKS, LABELS, REVIEWS
from streams.clickhouse.reader import Reader
from streams.errors import Fatal
from streams.settings import Settings
from streams.transport.run import RecordRun
from streams.worker.pipeline import Pipeline
from tests.finishing import finish
from tests.streams.worker.owner import partition
from tests.streams.worker.runs import record, run_of


@asynccontextmanager
async def pipeline(settings: Settings) -> AsyncIterator[Pipeline]:
    """One that owns nothing yet; whatever happens, nothing of it is left."""
    failed: list[BaseException] = []
    made = Pipeline(settings, worker="w1")

    async def fail(error: BaseException) -> None:
        failed.append(error)

    made.fail = fail
    try:
        yield made
    finally:
        await made.on_failure()
    assert failed == []


class Acks:
    """The last offsets of what was acknowledged, each with the number of rows that were durable then."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.done: list[tuple[int, int]] = []

    def run(self, topic: str, first: int, last: int) -> RecordRun:
        def ack() -> None:
            rows = self._reader.query("SELECT sum(rows) FROM ledger FINAL WHERE topic = %(topic)s", {"topic": topic})
            self.done.append((last, rows[0][0]))

        return run_of(topic, [record(topic, offset) for offset in range(first, last + 1)], ack=ack)


@pytest.mark.parametrize(
    ("assigned", "away"),
    [
        ({(CLICKS, 0)}, "carts, reviews, reviews.scored"),
        (partition(0) | {(CLICKS, 1), (CARTS, 1)}, "reviews, reviews.scored"),
    ],
)
def test_a_partition_without_its_siblings_is_refused(
    on_broker: Settings, reader: Reader, assigned: set[tuple[str, int]], away: str
) -> None:
    async def work() -> None:
        async with pipeline(on_broker) as made:
            with pytest.raises(Fatal) as refused:
                await made.on_assigned(assigned)
            number = max(number for _, number in assigned)
            told = f"partition {number} of {away} was assigned to another worker than its siblings"
            assert str(refused.value) == told

    finish(work())
    assert reader.query("SELECT count() FROM assignments") == [(0,)]


@pytest.mark.parametrize(
    "assigned", [set(), {(LABELS, 1)}, {(topic, 1) for topic in BEHAVIOUR}, partition(0) | {(LABELS, 1)}]
)
def test_labels_may_be_anywhere(on_broker: Settings, reader: Reader, assigned: set[tuple[str, int]]) -> None:
    async def work() -> None:
        async with pipeline(on_broker) as made:
            await made.on_assigned(assigned)
            await made.on_stop()

    finish(work())
    assert set(reader.query("SELECT topic, partition FROM assignments")) == assigned


def test_runs_are_acknowledged_in_order_once_they_are_in_the_ledger(on_broker: Settings, reader: Reader) -> None:
    acks = Acks(reader)

    async def work() -> None:
        async with pipeline(replace(on_broker, flush_interval_s=0.0)) as made:
            await made.on_assigned(partition(0))
            for first in range(0, 60, 10):
                await made.on_run(acks.run(CLICKS, first, first + 9))
            await made.on_stop()

    finish(work())
    assert [last for last, _ in acks.done] == list(range(9, 60, 10))
    assert all(rows > last for last, rows in acks.done)
    assert reader.query("SELECT count() FROM events FINAL") == [(60,)]


def test_a_run_waits_for_room(on_broker: Settings, reader: Reader) -> None:
    """With more rows waiting than may be, it returns no sooner than they are durable."""
    acks = Acks(reader)

    async def work() -> None:
        async with pipeline(replace(on_broker, flush_rows=15, flush_interval_s=0.0)) as made:
            await made.on_assigned(partition(0))
            for first in range(0, 200, 20):
                await made.on_run(acks.run(CLICKS, first, first + 19))
                assert acks.done[-1][0] == first + 19
            await made.on_stop()

    finish(work())


def test_what_is_handed_over_is_flushed(on_broker: Settings, reader: Reader) -> None:
    acks = Acks(reader)

    async def work() -> None:
        async with pipeline(replace(on_broker, flush_interval_s=60.0)) as made:
            await made.on_assigned(partition(0))
            await made.on_run(acks.run(REVIEWS, 0, 2))
            await made.on_run(acks.run(CLICKS, 0, 9))
            await made.on_revoked(partition(0))
            assert sorted(last for last, _ in acks.done) == [2, 9]

    finish(work())


def test_what_was_taken_over_already_goes_on_where_it_was(on_broker: Settings, reader: Reader) -> None:
    acks = Acks(reader)

    async def work() -> None:
        async with pipeline(on_broker) as made:
            await made.on_assigned(partition(0))
            await made.on_run(acks.run(CLICKS, 0, 9))
            await made.on_revoked(partition(0))
            await made.on_assigned(partition(0) | partition(1))
            await made.on_run(acks.run(CLICKS, 5, 14))
            await made.on_stop()

    finish(work())
    assert reader.query("SELECT uniqExact(epoch), count() FROM assignments WHERE partition = 0") == [(1, 5)]
    assert reader.query(
        "SELECT first, last, records FROM ledger FINAL WHERE topic = 'clicks' AND records > 0 ORDER BY first"
    ) == [
        (0, 9, 10),
        (10, 14, 5),
    ]
    assert reader.query("SELECT total_events FROM profiles FINAL WHERE kind_name = 'user' AND id = 'ann'") == [(15,)]
