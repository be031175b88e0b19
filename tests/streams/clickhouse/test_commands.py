"""``footfall migrate`` and ``footfall query``, as they are typed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from streams.commands import main
from streams.commands.query import TABLE_ROWS
from streams.settings import Settings


@pytest.fixture
def environment(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_CLICKHOUSE", database)
    monkeypatch.setenv("FOOTFALL_OUTAGE_DEADLINE_S", "5")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.usefixtures("environment")
class TestMigrate:
    def test_first_printed_then_done_then_nothing(self) -> None:
        printed = run("migrate", "--dry-run").output
        assert printed.startswith("-- 0001_events.sql\nCREATE TABLE IF NOT EXISTS events\n")
        assert run("migrate").output.splitlines()[0] == "Applying 0001_events.sql"
        assert run("migrate").output == "The tables are up to date.\n"
        assert run("migrate", "--dry-run").output == "The tables are up to date.\n"


@pytest.mark.usefixtures("environment")
class TestQuery:
    def test_table(self) -> None:
        output = run("query", "SELECT 1 AS one, '[b]not markup' AS two").output
        assert [line.split() for line in output.splitlines()[3:4]] == [["│", "1", "│", "[b]not", "markup", "│"]]

    def test_csv(self) -> None:
        output = run("query", "SELECT number AS n, 'a,b' AS t FROM numbers(2)", "--format", "csv").output
        assert output == 'n,t\n0,"a,b"\n1,"a,b"\n'

    def test_json(self) -> None:
        output = run(
            "query", "SELECT toDateTime64(1.5, 3, 'UTC') AS at, nan AS x, [1, 2] AS a", "--format", "json"
        ).output
        assert json.loads(output) == {"at": "1970-01-01T00:00:01.500000+00:00", "x": None, "a": [1, 2]}

    def test_no_rows(self) -> None:
        assert run("query", "SELECT 1 AS one WHERE 0", "--format", "csv").output == "one\n"
        assert run("query", "SELECT 1 AS one WHERE 0").exit_code == 0

    def test_a_long_result_as_a_table_ends_with_a_hint(self) -> None:
        output = run("query", f"SELECT number FROM numbers({TABLE_ROWS + 1})").output
        assert "There are more than 1000 rows" in output.splitlines()[-1]
        assert "more than" not in run("query", f"SELECT number FROM numbers({TABLE_ROWS})").output

    def test_an_error_is_one_line(self) -> None:
        result = run("query", "SELEC 1")
        assert result.exit_code == 1
        assert result.stderr.startswith("footfall: ClickHouse at 127.0.0.1:")
        assert "code 62, Syntax error" in result.stderr
        assert result.stderr.count("\n") == 1

    @pytest.mark.parametrize(
        "sql",
        [
            "CREATE TABLE t (a Int8) ENGINE = Memory",
            "INSERT INTO assignments (partition) SELECT 1",
            "TRUNCATE TABLE assignments",
            "DROP TABLE assignments",
        ],
    )
    def test_nothing_can_be_changed(self, settings: Settings, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
        monkeypatch.setenv("FOOTFALL_CLICKHOUSE", settings.clickhouse)
        result = run("query", sql)
        assert result.exit_code == 1
        assert "code 164" in result.stderr
