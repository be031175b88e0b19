"""Every type of our tables goes in and comes out the same, as the driver's own integration tests check."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

ROUND_TRIPS: list[tuple[str, list[Any]]] = [
    ("Int8", [-128, 0, 127]),
    ("UInt8", [0, 255]),
    ("Int16", [-32768, 32767]),
    ("UInt16", [0, 65535]),
    ("Int32", [-(2**31), 2**31 - 1]),
    ("UInt32", [0, 2**32 - 1]),
    ("Int64", [-(2**63), 2**63 - 1]),
    ("UInt64", [0, 2**64 - 1]),
    ("Int128", [-(2**127), 2**127 - 1]),
    ("UInt256", [0, 2**256 - 1]),
    ("Float32", [0.5, -1.25, float("inf")]),
    ("Float64", [0.1, -1e300]),
    ("Bool", [True, False]),
    ("String", ["", "täxt", "x" * 70_000, "it's \\ a\ttab"]),
    ("FixedString(3)", ["abc", "xyz"]),
    ("Date", [date(1970, 1, 1), date(2149, 6, 6)]),
    ("Date32", [date(1900, 1, 1), date(2299, 12, 31)]),
    ("DateTime('UTC')", [datetime(2026, 11, 22, 16, 0, 1, tzinfo=UTC)]),
    ("DateTime64(3, 'UTC')", [datetime(2026, 11, 22, 16, 0, 1, 123000, tzinfo=UTC)]),
    ("DateTime64(6, 'Europe/Berlin')", [datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=UTC)]),
    ("UUID", [UUID("c0fcbba9-0752-44ed-a5d6-4dfb4342b89d")]),
    ("Enum8('click' = 1, 'add, (to) cart' = 2)", ["click", "add, (to) cart"]),
    ("Enum16('a' = -1000, 'b\\'s' = 1000)", ["a", "b's"]),
    ("IPv4", [IPv4Address("10.0.0.1")]),
    ("IPv6", [IPv6Address("79f4:e698:45de:a59b:2765:28e3:8d3a:35ae")]),
    ("Decimal(9, 2)", [Decimal("1234567.89")]),
    ("Decimal(18, 4)", [Decimal("-1.2345")]),
    ("Decimal(38, 10)", [Decimal("12345678901234567890.0123456789")]),
    ("LowCardinality(String)", ["a", "b", "a", ""]),
    ("LowCardinality(String)", [str(number) for number in range(70_000)]),
    ("LowCardinality(FixedString(2))", ["ab", "cd", "ab"]),
    ("LowCardinality(Nullable(String))", [None, "a", None, "b"]),
    ("Nullable(Int32)", [None, 1, -1]),
    ("Nullable(String)", [None, "", "x"]),
    ("Nullable(DateTime64(3, 'UTC'))", [None, datetime(2026, 1, 1, tzinfo=UTC)]),
    ("Array(UInt32)", [[], [1, 2, 3], []]),
    ("Array(String)", [["a", ""], []]),
    ("Array(Nullable(Int8))", [[None, 1], []]),
    ("Array(Array(Array(Int32)))", [[[[255, 170], [127]], [[]]], [], [[]]]),
    ("Array(LowCardinality(String))", [["a", "b"], [], ["a"]]),
    ("Array(Array(LowCardinality(Nullable(String))))", [[["a", None]], [], [[], ["b"]]]),
    ("Tuple(Int32, String)", [(1, "a"), (2, "b")]),
    ("Tuple(amount Float64, `a name` String, inner Tuple(x Int8, y Array(Int8)))", [(1.5, "z", (1, [2]))]),
    ("Array(Tuple(name String, share Float32))", [[("a", 0.5), ("b", 0.25)], [], [("c", 1.0)]]),
    ("Array(Tuple(String, Array(Tuple(Int8, Int8))))", [[("a", [(1, 2)])], [("b", [])]]),
    ("Map(String, UInt64)", [{"a": 1, "b": 2}, {}, {"c": 3}]),
    ("Map(LowCardinality(String), Float64)", [{"a": 0.5}, {"b": 1.5}]),
    ("Map(String, Array(Int8))", [{"a": [1, 2]}, {}]),
    ("SimpleAggregateFunction(max, UInt32)", [1, 2]),
    ("Point", [(1.5, 2.5)]),
]


@pytest.mark.parametrize(("spec", "values"), ROUND_TRIPS, ids=[spec for spec, _ in ROUND_TRIPS])
def test_round_trip(client: Client, table: Callable[..., None], spec: str, values: list[Any]) -> None:
    # A column before and one after: an extent that is off by a byte breaks the last.
    table(f"n UInt32, value {spec}, after String")
    rows = [(number, value, f"row {number}") for number, value in enumerate(values)]
    client.execute("INSERT INTO t (n, value, after) VALUES", rows)
    read = client.execute("SELECT n, value, after FROM t ORDER BY n")
    assert [(n, _comparable(value), after) for n, value, after in read] == rows


def _comparable(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def test_nested(client: Client, table: Callable[..., None]) -> None:
    table("id UInt8, items Nested(name String, price Float64)")
    client.execute("INSERT INTO t VALUES", [(1, ["pen", "cup"], [1.5, 4.0]), (2, [], [])])
    read = client.execute("SELECT items.name, items.price FROM t ORDER BY id")
    assert read == [(["pen", "cup"], [1.5, 4.0]), ([], [])]


def test_default_computed_and_ephemeral_columns(client: Client, table: Callable[..., None]) -> None:
    table("a UInt8, b UInt8 DEFAULT a + 1, c UInt8 MATERIALIZED a + 2, d UInt8 ALIAS a + 3")
    client.execute("INSERT INTO t (a) VALUES", [(1,)])
    client.execute("INSERT INTO t VALUES", [(10, 20)])
    assert client.execute("SELECT a, b, c, d FROM t ORDER BY a") == [(1, 2, 3, 4), (10, 20, 12, 13)]


def test_a_type_that_cannot_be_walked_is_refused_by_name(client: Client, table: Callable[..., None]) -> None:
    table("value AggregateFunction(uniq, UInt64)")
    with pytest.raises(ServerException, match="AggregateFunction") as raised:
        client.execute("INSERT INTO t VALUES", [("x",)])
    assert raised.value.code == 48
    assert client.execute("SELECT 1") == [(1,)]
