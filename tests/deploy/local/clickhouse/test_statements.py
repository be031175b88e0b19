"""What the server sees in a statement before the engine does."""

import pytest

from deploy.local.clickhouse import statements
from deploy.local.clickhouse.statements import StreamedInsert, streamed_insert


@pytest.mark.parametrize(
    ("sql", "insert"),
    [
        ("INSERT INTO t VALUES", StreamedInsert("t", "", "", "Values")),
        ("  insert into t(a,b) values ;", StreamedInsert("t", "(a,b)", "", "Values")),
        ('-- why\nINSERT INTO `my db`."t" FORMAT CSV', StreamedInsert('`my db`."t"', "", "", "CSV")),
        ("INSERT INTO TABLE d.t (`a(b`) FORMAT Values", StreamedInsert("d.t", "(`a(b`)", "", "Values")),
        ("INSERT INTO t SETTINGS x = 1, y = 'a' VALUES", StreamedInsert("t", "", "SETTINGS x = 1, y = 'a'", "Values")),
        ("INSERT INTO t (* EXCEPT(a)) VALUES", StreamedInsert("t", "(* EXCEPT(a))", "", "Values")),
        ("INSERT INTO t", StreamedInsert("t", "", "", "Values")),
    ],
)
def test_inserts_whose_rows_follow(sql: str, insert: StreamedInsert) -> None:
    assert streamed_insert(sql) == insert


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t SELECT 1",
        "INSERT INTO t (a) SELECT a FROM u",
        "INSERT INTO t WITH 1 AS x SELECT x",
        "INSERT INTO t FROM INFILE 'rows.csv' FORMAT CSV",
        "INSERT INTO FUNCTION null('a UInt8') SELECT 1",
        "INSERT INTO t FORMAT JSONEachRow {}",
        "SELECT 'INSERT INTO t VALUES'",
        "",
    ],
)
def test_statements_that_are_whole(sql: str) -> None:
    assert streamed_insert(sql) is None


def test_column_names() -> None:
    assert statements.column_names('(a, items.name,`b, (c`, "d")') == ["a", "items.name", "b, (c", "d"]
    assert statements.column_names(r"(`a\`b`)") == ["a`b"]


def test_kinds() -> None:
    assert statements.is_select("/* a */ (SELECT 1) UNION ALL (SELECT 2)")
    assert statements.is_select("with 1 as x select x")
    assert not statements.is_select("SHOW TABLES")
    assert statements.reads_only("-- c\nshow tables")
    assert not statements.reads_only("OPTIMIZE TABLE t")
    assert not statements.reads_only("")
    assert statements.without_format("SELECT 1 FORMAT JSON;") == "SELECT 1"
    assert statements.without_format("SELECT 'FORMAT x'") == "SELECT 'FORMAT x'"
