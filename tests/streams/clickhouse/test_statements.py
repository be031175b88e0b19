from __future__ import annotations

import pytest

from streams.clickhouse.statements import statements


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("", []),
        (";;\n ; -- nothing", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1; SELECT 2;\n", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';', \"a;b\", `c;d`; SELECT 2", ["SELECT ';', \"a;b\", `c;d`", "SELECT 2"]),
        (r"SELECT 'it\'s; so'; SELECT 2", [r"SELECT 'it\'s; so'", "SELECT 2"]),
        ("SELECT 'it''s; so'; SELECT 2", ["SELECT 'it''s; so'", "SELECT 2"]),
        ("-- it's; a comment\nSELECT 1 /* ; ' */ + 1", ["SELECT 1   + 1"]),
        ("SELECT '-- none' -- one", ["SELECT '-- none'"]),
    ],
)
def test_only_a_semicolon_of_its_own_ends_a_statement(sql: str, expected: list[str]) -> None:
    assert statements(sql) == expected
