"""Profiles as arrays and as columns of the table."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from hypothesis import given

from models.profiles.state import Profiles
from models.profiles.table import ProfileTable
from schemas.layout import PROFILE_COLUMNS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from tests.models.profiles import logs
from tests.models.profiles.agreement import assert_identical
from tests.models.profiles.logs import LOGS, N_PROFILES, Entry, profiles_of

_NUMPY_TYPES = {"Float64": np.float64, "Int64": np.int64, "UInt64": np.uint64}


@given(log=LOGS)
def test_columns_hold_all_of_a_profile(log: list[Entry]) -> None:
    profiles = profiles_of(log)
    assert_identical(Profiles.from_columns(profiles.to_columns()), profiles)


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_columns_hold_any_bits(n: int) -> None:
    profiles = Profiles.empty(n)
    random = np.random.default_rng(n)
    for array in profiles:
        array[...] = np.frombuffer(random.bytes(array.nbytes), dtype=array.dtype).reshape(array.shape)
    again = Profiles.from_columns(profiles.to_columns())
    assert [array.tobytes() for array in again] == [array.tobytes() for array in profiles]


def test_columns_are_those_of_the_table() -> None:
    columns = Profiles.empty(2).to_columns()
    assert columns.keys() == PROFILE_COLUMNS.keys() - {"kind", "partition", "id", "version"}
    assert {name: column.dtype for name, column in columns.items()} == {
        name: np.dtype(_NUMPY_TYPES[PROFILE_COLUMNS[name]]) for name in columns
    }


def test_rows_survive_in_clickhouse(settings: Settings) -> None:
    table = ProfileTable(epoch=2**31)
    log = logs.random_log(300, seed=10)
    ids = [f"shopper {number}" for number in range(N_PROFILES)]
    table.create(ids)
    for batch in logs.batches(log):
        slots = table.locate([ids[entry.slot] for entry in batch])
        table.observe(slots, logs.observations(batch), tick=1)
    dirty = table.take_dirty()
    owner = {name: np.zeros(N_PROFILES, dtype=np.int32) for name in ("kind", "partition")}
    with closing(Writer(settings)) as writer, closing(Reader(settings)) as reader:
        writer.insert("profiles", owner | dirty.columns, token="rows")  # noqa: S106 - names the rows
        columns = reader.columns("SELECT * FROM profiles ORDER BY id")
    restored = ProfileTable(epoch=2**31 + 1)
    restored.load(columns["id"], columns)
    np.testing.assert_array_equal(columns["version"], dirty.columns["version"])
    assert_identical(restored.profiles.take(restored.locate(ids)), profiles_of(log))


def test_taken_rows_are_copies_and_can_be_put_elsewhere() -> None:
    profiles = profiles_of(logs.random_log(100, seed=7))
    rows = np.array([2, 0], dtype=np.int64)
    taken = profiles.take(rows)
    profiles.put(rows, Profiles.empty(2))
    assert_identical(profiles.take(rows), Profiles.empty(2))
    profiles.put(rows, taken)
    assert_identical(profiles, profiles_of(logs.random_log(100, seed=7)))


def test_growing_keeps_rows_and_adds_empty_ones() -> None:
    profiles = profiles_of(logs.random_log(100, seed=7))
    grown = profiles.grown(8)
    assert_identical(grown.take(np.arange(N_PROFILES)), profiles)
    assert_identical(grown.take(np.arange(N_PROFILES, 8)), Profiles.empty(8 - N_PROFILES))
    assert grown.nbytes == Profiles.empty(8).nbytes
