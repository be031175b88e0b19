from __future__ import annotations

import numpy as np
import pytest

from streams.clickhouse.reader import Reader, Tables
from streams.errors import Fatal


def test_parameters_are_escaped(reader: Reader) -> None:
    nasty = "it's \\ 100 % ; -- \n\0"
    assert reader.query("SELECT %(text)s, %(n)s IN %(some)s", {"text": nasty, "n": 2, "some": [1, 2]}) == [(nasty, 1)]


def test_a_query_without_parameters_keeps_its_percent_signs(reader: Reader) -> None:
    assert reader.query("SELECT 'a' LIKE '%a%'") == [(1,)]
    assert reader.columns("SELECT 'a' LIKE '%a%' AS it")["it"].tolist() == [1]


def test_many_ids_come_from_a_table_of_the_querys_own(reader: Reader) -> None:
    ids = [str(number) for number in range(0, 9_000, 3)]
    wanted: Tables = {"wanted": {"id": ("String", ids), "weight": ("Float64", np.ones(len(ids)))}}
    sql = "SELECT number FROM numbers(10000) WHERE toString(number) IN (SELECT id FROM wanted) ORDER BY number"
    for _ in range(2):  # the table is gone after each query
        assert reader.columns(sql, tables=wanted)["number"].tolist() == list(range(0, 9_000, 3))
    assert reader.query("SELECT 1") == [(1,)]


def test_a_query_after_columns_is_rows_again(reader: Reader) -> None:
    assert reader.columns("SELECT 1 AS a")["a"].tolist() == [1]
    assert reader.query("SELECT 1, 'a'") == [(1, "a")]


def test_a_refused_query_is_fatal_in_one_line_and_the_reader_goes_on(reader: Reader) -> None:
    with pytest.raises(Fatal, match=r"^ClickHouse at \S+, query, code 62, Syntax error") as raised:
        reader.columns("SELEC 1")
    assert "\n" not in str(raised.value)
    with pytest.raises(Fatal, match="code 395"):
        reader.columns("SELECT throwIf(number = 100000) FROM numbers(200000)")
    assert reader.columns("SELECT 1 AS a")["a"].tolist() == [1]
