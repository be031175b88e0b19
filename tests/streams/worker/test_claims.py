"""Epochs and where an owner goes on, on a real engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from models.duplicates import identities
from schemas.texts import Texts
from schemas.topics import BEHAVIOUR, CARTS, CLICKS, LABELS, REVIEWS
from streams.clickhouse.columns import Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from streams.worker.claims import Claims
from tests.streams.worker.owner import Owner, partition
from tests.streams.worker.runs import NOW_MS, record, run_from, run_of

DEADLINE_S = 20.0
NOW_S = NOW_MS // 1000


def claims(worker: str = "w1", duplicate_window: int = 100) -> Claims:
    return Claims(worker=worker, duplicate_window=duplicate_window)


def assignments(reader: Reader) -> dict[tuple[str, int, int], str]:
    """The workers by topic, partition and epoch."""
    rows = reader.query("SELECT topic, partition, epoch, worker FROM assignments")
    return {(topic, number, epoch): worker for topic, number, epoch, worker in rows}


def epochs(claims: Claims) -> set[int]:
    return {log.epoch for log in claims.logs.values()}


def test_the_first_claim_starts_at_the_beginning(reader: Reader, writer: Writer) -> None:
    first = claims()
    wanted = partition(0) | partition(1)
    assert first.take(reader, writer, wanted, NOW_MS) == wanted
    assert set(first.logs) == wanted
    assert epochs(first) == {NOW_S}
    assert {(log.start, log.position) for log in first.logs.values()} == {(0, -1)}
    assert assignments(reader) == {(topic, number, NOW_S): "w1" for topic, number in wanted}


def test_what_is_still_owned_keeps_its_epoch(reader: Reader, writer: Writer) -> None:
    first = claims()
    first.take(reader, writer, partition(0), NOW_MS)
    log = first.logs[CLICKS, 0]
    before = assignments(reader)
    assert first.take(reader, writer, partition(0), NOW_MS + 60_000) == set()
    assert first.logs[CLICKS, 0] is log
    assert assignments(reader) == before
    assert first.take(reader, writer, partition(0) | partition(1), NOW_MS + 60_000) == partition(1)
    assert first.logs[CLICKS, 0] is log
    assert first.logs[CLICKS, 1].epoch == NOW_S + 60


def test_nothing_wanted_is_nothing_written(reader: Reader, writer: Writer) -> None:
    first = claims()
    assert first.take(reader, writer, set(), NOW_MS) == set()
    assert assignments(reader) == {}


def test_what_was_given_back_is_claimed_anew(reader: Reader, writer: Writer) -> None:
    first = claims()
    first.take(reader, writer, partition(0) | partition(1), NOW_MS)
    assert first.take(reader, writer, partition(1), NOW_MS) == set()
    assert set(first.logs) == partition(1)
    assert first.take(reader, writer, partition(0) | partition(1), NOW_MS) == partition(0)
    assert first.logs[CLICKS, 0].epoch == NOW_S + 1


def test_the_topics_of_a_profile_are_claimed_together(reader: Reader, writer: Writer) -> None:
    first, second = claims("w1"), claims("w2")
    first.take(reader, writer, partition(0) | partition(1), NOW_MS)
    second.take(reader, writer, {(REVIEWS, 0)}, NOW_MS)
    assert first.take(reader, writer, partition(0) | partition(1), NOW_MS) == {(topic, 0) for topic in BEHAVIOUR}
    second.take(reader, writer, {(LABELS, 1)}, NOW_MS)
    assert first.take(reader, writer, partition(0) | partition(1), NOW_MS) == {(LABELS, 1)}


def test_one_who_was_outbid_reads_again_where_to_go_on(
    owner: Callable[..., Owner], reader: Reader, writer: Writer
) -> None:
    first, second = owner(worker="w1"), owner(worker="w2")
    first.take(partition(0))
    first.work(run_from(CLICKS, 0, 9))
    assert second.take(partition(0)) == partition(0)
    log = second.claims.logs[CLICKS, 0]
    assert (log.epoch, log.start, log.position) == (NOW_S + 1, 10, 9)
    second.work(run_from(CLICKS, 10, 29))
    assert first.take(partition(0)) == partition(0)
    log = first.claims.logs[CLICKS, 0]
    assert (log.epoch, log.start, log.position) == (NOW_S + 2, 30, 29)
    assert not any(second.claims.logs[key].epoch > first.claims.logs[key].epoch for key in partition(0))


def test_a_clock_that_is_behind_does_not_bid_too_low(reader: Reader, writer: Writer) -> None:
    first, second = claims("w1"), claims("w2")
    first.take(reader, writer, partition(0), NOW_MS)
    second.take(reader, writer, partition(0), NOW_MS - 3_600_000)
    assert epochs(second) == {NOW_S + 1}


class AfterARival(Writer):
    """Whenever it bids, somebody has just bid the same; some number of times."""

    def __init__(self, settings: Settings, *, rivals: int) -> None:
        super().__init__(settings)
        self.rivals = rivals

    def insert(self, table: str, columns: Mapping[str, Column], *, token: str) -> None:
        if self.rivals:
            self.rivals -= 1
            super().insert(table, {**columns, "worker": ["rival"] * len(columns["topic"])}, token=f"rival-{token}")
        super().insert(table, columns, token=token)


@pytest.mark.parametrize("rivals", [1, 4])
def test_rivals_bid_again(settings: Settings, reader: Reader, rivals: int) -> None:
    writer = AfterARival(settings, rivals=rivals)
    first = claims()
    assert first.take(reader, writer, partition(0), NOW_MS) == partition(0)
    writer.close()
    (epoch,) = epochs(first)
    highest = reader.query("SELECT max(epoch) FROM assignments WHERE worker = 'rival'")[0][0]
    assert epoch > highest
    assert first.take(reader, writer, partition(0), NOW_MS) == set()


def test_a_rival_for_another_partition_is_none(settings: Settings, reader: Reader, writer: Writer) -> None:
    first, second = claims("w1"), claims("w2")
    first.take(reader, writer, partition(0), NOW_MS)
    second.take(reader, writer, partition(1), NOW_MS)
    assert epochs(first) == epochs(second) == {NOW_S}


class AtOnce(Writer):
    """Its first bid waits for those of the others."""

    def __init__(self, settings: Settings, start: threading.Barrier) -> None:
        super().__init__(settings)
        self._start: threading.Barrier | None = start

    def insert(self, table: str, columns: Mapping[str, Column], *, token: str) -> None:
        if self._start is not None:
            self._start.wait(DEADLINE_S)
            self._start = None
        super().insert(table, columns, token=token)


def test_of_several_that_bid_at_once_no_two_have_the_same_epoch(settings: Settings) -> None:
    n = 4
    start = threading.Barrier(n)

    def bid(number: int) -> int:
        reader, writer = Reader(settings), AtOnce(settings, start)
        one = claims(f"w{number}")
        one.take(reader, writer, partition(0), NOW_MS)
        reader.close()
        writer.close()
        (epoch,) = epochs(one)
        return epoch

    with ThreadPoolExecutor(n) as pool:
        assert len(set(pool.map(bid, range(n), timeout=DEADLINE_S))) == n


def test_starts_are_told_once(reader: Reader, writer: Writer) -> None:
    first = claims()
    first.take(reader, writer, partition(0) | partition(1), NOW_MS)
    assert first.starts({1}) == [(topic, 1, 0, NOW_S) for topic in BEHAVIOUR]
    assert first.starts({0, 1}) == [(topic, 0, 0, NOW_S) for topic in BEHAVIOUR]
    assert first.starts({0, 1}) == []


@pytest.mark.parametrize("window", [0, 5, 17, 1000])
def test_the_duplicate_window_is_restored_exactly(
    window: int, settings: Settings, reader: Reader, writer: Writer
) -> None:
    """As if nobody had taken over: with duplicates in the window, and holes between the offsets."""
    random = np.random.default_rng(window)
    offsets, numbers = np.cumsum(random.integers(1, 4, 60)) - 1, random.integers(0, 25, 60)
    records = [record(CARTS, offset, number) for offset, number in zip(offsets.tolist(), numbers.tolist(), strict=True)]
    settings = replace(settings, duplicate_window=window)
    first, second = (Owner(settings, reader, writer, worker=worker) for worker in ("w1", "w2"))
    first.take(partition(0))
    for start, end in ((0, 13), (13, 14), (14, 60)):
        first.work(run_of(CARTS, records[start:end]))
    second.take(partition(0))
    assert second.claims.logs[CARTS, 0].position == first.claims.logs[CARTS, 0].position
    later = identities(Texts.of(["ann"] * 200), Texts.of([f"event {number}" for number in random.integers(0, 30, 200)]))
    at = first.claims.logs[CARTS, 0].position + 1 + np.arange(200)
    expected = first.claims.logs[CARTS, 0].window.admit(later, at)
    np.testing.assert_array_equal(second.claims.logs[CARTS, 0].window.admit(later, at), expected)
    assert expected.any()
    assert expected.all() == (window == 0)
