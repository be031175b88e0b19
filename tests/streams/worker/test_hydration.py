"""Profiles from the tables into memory: which row counts, and what is known of those without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.partition import PartitionProfiles
from models.profiles.state import Profiles
from schemas.layout import KINDS
from schemas.topics import CARTS, CLICKS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.worker.hydration import hydrate, warm
from tests.streams.worker.owner import Owner, partition
from tests.streams.worker.runs import NOW_MS, run_from


class Rows:
    """Profile rows with a given number of events, in the table."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._tokens = iter(range(1_000_000))

    def add(
        self,
        *ids: str,
        events: int,
        epoch: int = 1,
        kind: str = "user",
        number: int = 0,
        last_ms: int | range = NOW_MS,
    ) -> None:
        n = len(ids)
        state = Profiles.empty(n)
        state.totals[:, 0] = events
        state.extremes_ms[:, 1] = last_ms
        state.offsets[:, 0] = events - 1
        columns: dict[str, Any] = {
            "kind": np.full(n, KINDS.index(kind), dtype=np.uint8),
            "partition": np.full(n, number),
            "id": list(ids),
            "version": np.full(n, (epoch << 32) | events, dtype=np.uint64),
        }
        self._writer.insert("profiles", columns | state.to_columns(), token=f"rows-{next(self._tokens)}")


@pytest.fixture
def rows(writer: Writer) -> Rows:
    return Rows(writer)


def events_of(profiles: PartitionProfiles, *ids: str, kind: str = "user") -> list[float]:
    """How many events each profile contains; -1 where it isn't in memory."""
    table = profiles.tables[kind]
    return [float(table.profiles.totals[slot, 0]) if slot >= 0 else -1.0 for slot in table.locate(ids)]


def test_the_highest_version_counts(rows: Rows, reader: Reader) -> None:
    rows.add("ann", "bob", events=5)
    rows.add("ann", events=7)
    rows.add("ann", events=6)
    rows.add("bob", events=2, epoch=2)
    profiles = PartitionProfiles(epoch=3)
    hydrate(reader, 0, profiles, {"user": ["bob", "ann"]})
    assert events_of(profiles, "ann", "bob") == [7, 2]


def test_unknown_ids_are_new_profiles(rows: Rows, reader: Reader) -> None:
    rows.add("ann", events=5)
    rows.add("bob", events=5, number=1)  # another partition's
    rows.add("cy", events=5, kind="item")
    profiles = PartitionProfiles(epoch=3)
    hydrate(reader, 0, profiles, {"user": ["cy", "ann", "bob"], "card": ["visa"]})
    assert events_of(profiles, "ann", "bob", "cy") == [5, 0, 0]
    assert events_of(profiles, "visa", kind="card") == [0]
    assert list(profiles.take_dirty()) == []


def test_ids_of_any_text(rows: Rows, reader: Reader) -> None:
    ids = ["o'hara", "a\\b", "%(kind)s", "ünï", "tab\there", "x" * 128]
    rows.add(*ids, events=4)
    profiles = PartitionProfiles(epoch=3)
    hydrate(reader, 0, profiles, {"user": ids})
    assert events_of(profiles, *ids) == [4] * len(ids)


def test_a_profile_comes_back_as_it_was_written(owner: Callable[..., Owner], reader: Reader) -> None:
    first = owner()
    first.take(partition(0))
    first.work(
        run_from(CLICKS, 0, 9, device="phone", country="DE", session="morning"),
        run_from(CARTS, 0, 4, device="laptop", card="visa", ip="10.0.0.1", merchant="shop", item="boots"),
    )
    profiles = PartitionProfiles(epoch=9)
    ids = {"user": "ann", "item": "boots", "device": "laptop", "card": "visa", "ip": "10.0.0.1", "merchant": "shop"}
    hydrate(reader, 0, profiles, {kind: [id] for kind, id in ids.items()})
    for kind, id in ids.items():
        there, here = (table[kind] for table in (first.processor.profiles[0].tables, profiles.tables))
        written, loaded = there.profiles.take(there.locate([id])), here.profiles.take(here.locate([id]))
        for expected, found in zip(written, loaded, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_a_partition_that_fits_is_complete(rows: Rows, reader: Reader) -> None:
    rows.add("ann", events=5)
    rows.add("ann", events=6)
    rows.add("bob", events=1, number=1)
    for kind in KINDS[1:]:
        rows.add(f"a {kind}", events=3, kind=kind)
    profiles = PartitionProfiles(epoch=3)
    warm(reader, 0, profiles, limit=7)
    assert profiles.complete
    assert events_of(profiles, "ann", "bob") == [6, -1]
    assert [events_of(profiles, f"a {kind}", kind=kind) for kind in KINDS[1:]] == [[3]] * (len(KINDS) - 1)
    assert len(profiles) == len(KINDS)


def test_an_empty_partition_is_complete(reader: Reader) -> None:
    profiles = PartitionProfiles(epoch=3)
    warm(reader, 0, profiles, limit=10)
    assert profiles.complete
    assert len(profiles) == 0


def test_of_a_partition_that_does_not_fit_the_latest_are_loaded(rows: Rows, reader: Reader) -> None:
    n, limit = 60, 40
    for kind in ("user", "item", "card"):
        rows.add(*(f"{kind} {at}" for at in range(n)), events=2, kind=kind, last_ms=range(NOW_MS, NOW_MS + n))
    profiles = PartitionProfiles(epoch=3)
    warm(reader, 0, profiles, limit=limit)
    assert not profiles.complete
    assert len(profiles.tables["card"]) == 0
    for kind in ("user", "item"):
        held = [at for at in range(n) if events_of(profiles, f"{kind} {at}", kind=kind) == [2]]
        assert held == list(range(n - len(held), n)), "the latest"
        assert len(held) == limit // 4 + 1
    assert len(profiles) <= limit


def test_a_row_that_was_overruled_is_not_loaded_for_its_time(rows: Rows, reader: Reader) -> None:
    """An owner that was overruled had come further in event time; the row that counts is too old to be warmed."""
    rows.add("ann", events=9, epoch=1, last_ms=NOW_MS + 1_000)
    rows.add("ann", events=5, epoch=2, last_ms=NOW_MS - 1_000)
    rows.add(*(f"user {at}" for at in range(20)), events=1, last_ms=range(NOW_MS, NOW_MS + 20))
    profiles = PartitionProfiles(epoch=3)
    warm(reader, 0, profiles, limit=8)
    assert events_of(profiles, "user 19") == [1]
    assert events_of(profiles, "ann") == [-1]
