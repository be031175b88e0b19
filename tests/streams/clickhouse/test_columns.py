"""What goes to the engine comes back, of every type that the tables have."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from streams.clickhouse.columns import write
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from tests.conftest import settings_at

N_ROWS = 70_000
"""More than the keys of two bytes tell apart, and more than one block that is read."""


@pytest.fixture
def settings(database: str) -> Settings:
    """With a database without tables."""
    return settings_at(database)


def back(writer: Writer, reader: Reader, kind: str, values: Any, *, raw: bool = False) -> Any:
    reader.query("DROP TABLE IF EXISTS t")
    reader.query(f"CREATE TABLE t (row UInt32, value {kind}) ENGINE = MergeTree ORDER BY row")
    writer.insert("t", {"row": np.arange(len(values)), "value": values}, token=str(id(values)))
    return reader.columns("SELECT value FROM t ORDER BY row", raw=("value",) if raw else ())["value"]


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("UInt8", np.uint8),
        ("UInt32", np.uint32),
        ("UInt64", np.uint64),
        ("Int32", np.int32),
        ("Int64", np.int64),
        ("Float32", np.float32),
        ("Float64", np.float64),
        ("DateTime64(3, 'UTC')", np.int64),
        ("DateTime64(3, 'Asia/Tokyo')", np.int64),
    ],
)
def test_numbers_are_arrays(writer: Writer, reader: Reader, kind: str, dtype: Any) -> None:
    values = np.arange(N_ROWS).astype(dtype)
    if dtype in (np.float32, np.float64):
        values[:3] = np.nan, np.inf, -0.0
    found = back(writer, reader, kind, values)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, values)
    found[0] = 0  # writable


def test_datetime64_is_unix_milliseconds(writer: Writer, reader: Reader) -> None:
    back(writer, reader, "DateTime64(3, 'UTC')", [1_700_000_000_123])
    assert reader.query("SELECT toString(value) FROM t") == [("2023-11-14 22:13:20.123",)]


@pytest.mark.parametrize("n_values", [1, 256, 257, 65_536, 65_537])
def test_low_cardinality_with_keys_of_each_width(writer: Writer, reader: Reader, n_values: int) -> None:
    values = [f"value {row % n_values}" for row in range(N_ROWS)]
    assert back(writer, reader, "LowCardinality(String)", values) == values


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("String", ["", "é", "a\0b\0", "\N{CLAPPING HANDS SIGN}", "x" * 100_000]),
        ("LowCardinality(String)", ("a", "", "a", "é")),
        ("FixedString(2)", ["ab", "cd"]),
        ("Array(String)", [["a", ""], [], ["é"]]),
        ("Array(String)", [[], []]),
        ("Enum8('a' = 1, 'b' = 2)", ["b", "a"]),
        ("Nullable(Int32)", [1, None, 3]),
    ],
)
def test_other_types_are_lists(writer: Writer, reader: Reader, kind: str, values: list[Any]) -> None:
    assert back(writer, reader, kind, values) == list(values)


def test_arrays_of_numbers(writer: Writer, reader: Reader) -> None:
    values = [[1.5, 2.5], [], [np.nan]]
    found = back(writer, reader, "Array(Float64)", values)
    for one, other in zip(found, values, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_matrix_is_a_column_of_arrays(writer: Writer, reader: Reader, dtype: Any) -> None:
    matrix = np.random.default_rng(1).random((1_000, 384)).astype(dtype)
    matrix[0, 0] = np.nan
    for values in (matrix, np.asfortranarray(matrix), matrix[::2]):
        found = back(writer, reader, "Array(Float32)", values)
        np.testing.assert_array_equal(np.stack(found), values.astype(np.float32))
    assert [one.tolist() for one in back(writer, reader, "Array(Int32)", np.empty((3, 0), np.int32))] == [[], [], []]


def test_a_matrix_costs_what_its_bytes_do() -> None:
    """Without a number of Python's for each of its own."""
    matrix = np.random.default_rng(1).random((2_000, 384), dtype=np.float32)
    out = Bytes()
    tracemalloc.start()
    write("Array(Float32)", matrix, out, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert out.size == matrix.nbytes + 8 * len(matrix)
    assert peak < 2 * matrix.nbytes


class Bytes:
    """Counts what is written."""

    size = 0

    def write(self, data: bytes) -> None:
        self.size += len(data)


@pytest.fixture(scope="module")
def any_bytes() -> list[bytes]:
    return [bytes([first, second, 0]) for first in range(256) for second in range(0, 256, 51)]


@pytest.mark.parametrize("kind", ["String", "LowCardinality(String)"])
def test_bytes_of_any_kind(writer: Writer, reader: Reader, any_bytes: list[bytes], kind: str) -> None:
    assert back(writer, reader, kind, any_bytes, raw=True) == any_bytes


@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.binary(max_size=20), min_size=1))
def test_any_bytes_as_they_come(writer: Writer, reader: Reader, values: list[bytes]) -> None:
    assert back(writer, reader, "String", values, raw=True) == values


@pytest.mark.parametrize("compression", ["none", "lz4"])
def test_either_way_of_compression(settings: Settings, compression: str) -> None:
    settings = replace(settings, clickhouse_compression=compression)
    writer, reader = Writer(settings), Reader(settings)
    values = [f"{row}" for row in range(N_ROWS)]
    assert back(writer, reader, "String", values) == values
    writer.close()
    reader.close()


def test_no_rows_are_empty_columns(reader: Reader) -> None:
    found = reader.columns("SELECT number AS a, toString(number) AS b FROM numbers(0)")
    assert found["a"].dtype == np.uint64
    assert len(found["a"]) == 0
    assert found["b"] == []


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("UInt8", np.array([256])),
        ("UInt8", np.array([-1])),
        ("Int32", np.array([1.5])),
        ("Int64", ["secret"]),
        ("String", [None]),
        ("String", [1]),
        ("Array(String)", [1]),
        ("Float32", np.ones((2, 3))),
    ],
)
def test_what_a_type_cant_take_is_an_error_without_the_value(
    writer: Writer, reader: Reader, kind: str, values: Any
) -> None:
    with pytest.raises(TypeError, match=r"^Column value can't be written as \S+: \w+$"):
        back(writer, reader, kind, values)
    assert reader.query("SELECT count() FROM t") == [(0,)]
    back(writer, reader, "UInt8", [1])  # the writer goes on
