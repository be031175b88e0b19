from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.segments.definition import load as load_segments
from schemas.tables import ALIASES, TABLES
from streams.clickhouse.migrate import load, migrate
from streams.clickhouse.reader import Reader
from streams.clickhouse.views import statements_of
from streams.errors import Fatal, SettingError
from streams.settings import Secret, Settings


@pytest.fixture
def empty(database: str) -> Settings:
    return Settings(clickhouse=Secret(database), outage_deadline_s=20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_one.sql").write_text(
        "CREATE TABLE IF NOT EXISTS one (a Int8 COMMENT 'one; two') ENGINE = MergeTree ORDER BY a; -- first\n"
        "CREATE TABLE IF NOT EXISTS two (a Int8) ENGINE = MergeTree ORDER BY a;"
    )
    (tmp_path / "0002_three.sql").write_text("ALTER TABLE one ADD COLUMN IF NOT EXISTS b Int8")
    return tmp_path


def tables(settings: Settings) -> set[str]:
    reader = Reader(settings)
    try:
        found = reader.query("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine != 'View'")
        return {name for (name,) in found}
    finally:
        reader.close()


def test_live_tables_have_the_declared_columns(settings: Settings, reader: Reader) -> None:
    rows = reader.query(
        "SELECT table, name, type, default_kind FROM system.columns WHERE database = currentDatabase()"
        " AND table != 'schema_migrations'"
        " AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine != 'View')"
        " ORDER BY table, position"
    )
    stored: dict[str, dict[str, str]] = {}
    aliases: dict[str, dict[str, str]] = {}
    for table, name, kind, default in rows:
        assert default in ("", "ALIAS"), f"{table}.{name}"
        (aliases if default else stored).setdefault(table, {})[name] = kind
    assert stored == TABLES
    assert aliases == ALIASES
    assert {table: list(columns) for table, columns in stored.items()} == {
        table: list(columns) for table, columns in TABLES.items()
    }, "the order of columns"


def test_a_second_run_has_nothing_to_do(settings: Settings) -> None:
    assert migrate(settings) == []


def test_every_statement_bears_being_run_again(settings: Settings) -> None:
    reader = Reader(settings)
    reader.query("TRUNCATE TABLE schema_migrations")
    reader.close()
    assert migrate(settings) == load()


def test_a_dry_run_reports_statements_and_runs_nothing(empty: Settings, folder: Path) -> None:
    reported: dict[str, int] = {}
    todo = migrate(empty, dry_run=True, folder=folder, report=lambda name, sql: reported.update({name: len(sql)}))
    assert reported == {"0001_one.sql": 2, "0002_three.sql": 1}
    assert [migration.number for migration in todo] == [1, 2]
    assert tables(empty) == set()


def test_only_what_is_new_is_applied(empty: Settings, folder: Path) -> None:
    migrate(empty, folder=folder)
    (folder / "0003_four.sql").write_text("CREATE TABLE IF NOT EXISTS four (a Int8) ENGINE = MergeTree ORDER BY a")
    assert [migration.name for migration in migrate(empty, folder=folder)] == ["0003_four.sql"]
    assert tables(empty) == {"one", "two", "four", "schema_migrations"}


def test_a_changed_file_is_refused(empty: Settings, folder: Path) -> None:
    migrate(empty, folder=folder)
    (folder / "0001_one.sql").write_text("SELECT 1")
    with pytest.raises(Fatal, match=r"^0001_one.sql has changed since it was applied: add a new migration instead$"):
        migrate(empty, folder=folder)


def test_a_missing_file_is_refused(empty: Settings, folder: Path) -> None:
    migrate(empty, folder=folder)
    (folder / "0002_three.sql").unlink()
    with pytest.raises(Fatal, match=r"^0002_three.sql was applied to ClickHouse but is missing here"):
        migrate(empty, folder=folder)


def test_a_file_between_applied_ones_is_refused(empty: Settings, folder: Path) -> None:
    (folder / "0002_three.sql").rename(folder / "0004_three.sql")
    migrate(empty, folder=folder)
    (folder / "0003_late.sql").write_text("SELECT 1")
    with pytest.raises(Fatal, match=r"^0003_late.sql comes before 0004_three.sql, which was applied"):
        migrate(empty, folder=folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [("5_x.sql", "isn't named like"), ("0001_other.sql", "01_other.sql has the number of 0001_one.sql")],
)
def test_a_badly_named_file_is_refused(empty: Settings, folder: Path, name: str, message: str) -> None:
    (folder / name).write_text("SELECT 1")
    with pytest.raises(Fatal, match=message):
        migrate(empty, folder=folder)


def test_what_broke_off_is_repeated(empty: Settings, folder: Path) -> None:
    good = (folder / "0001_one.sql").read_text()
    (folder / "0001_one.sql").write_text(good + "\nCREATE TABLE bad (a Int8) ENGINE = NoSuch")
    with pytest.raises(Fatal, match=r"migration 0001_one.sql, code 56, Unknown table engine NoSuch"):
        migrate(empty, folder=folder)
    assert tables(empty) == {"one", "two", "schema_migrations"}
    (folder / "0001_one.sql").write_text(good)
    assert len(migrate(empty, folder=folder)) == 2


def test_several_at_once_end_with_the_same_tables(empty: Settings) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: migrate(empty), range(3)))
    assert tables(empty) == {*TABLES, "schema_migrations"}
    assert migrate(empty) == []


VIEWS = statements_of(load_segments(), holdout=0.1, least_group=10)
SEGMENT = """
-- title: {title}
-- description: One of the tests'.
-- owner: tests
-- enters:
total_spent > {least}
-- stays:
total_spent > 0
-- score:
total_spent
-- reason:
toString(total_spent)
"""


def applied(settings: Settings, *, dry_run: bool = False) -> list[str]:
    """Names of what was reported."""
    reported: list[str] = []
    migrate(settings, dry_run=dry_run, report=lambda name, _: reported.append(name))
    return reported


def test_a_dry_run_reports_the_views_too(empty: Settings) -> None:
    reported: dict[str, list[str]] = {}
    migrate(empty, dry_run=True, report=lambda name, sql: reported.update({name: sql}))
    assert [name for name in reported if name.startswith("view ")] == [f"view {name}" for name in VIEWS]
    assert reported["view event_clock"][0].startswith(VIEWS["event_clock"])
    assert tables(empty) == set()


def test_views_are_replaced_where_their_text_changed(settings: Settings, reader: Reader, tmp_path: Path) -> None:
    mine = replace(settings, segments=str(tmp_path))
    (tmp_path / "a.sql").write_text(SEGMENT.format(title="A", least=1))
    (tmp_path / "b.sql").write_text(SEGMENT.format(title="B", least=1))
    reader.query("CREATE VIEW segment_of_somebody_else AS SELECT 1 AS one")
    shipped = [f"view {segment.view}" for segment in load_segments().values()]
    assert applied(mine) == ["view segment_a", "view segment_b", *shipped]
    assert applied(mine) == []
    (tmp_path / "a.sql").write_text(SEGMENT.format(title="Another title", least=1))
    assert applied(mine) == [], "what is in the view is the same"
    (tmp_path / "a.sql").write_text(SEGMENT.format(title="A", least=2))
    assert applied(mine, dry_run=True) == applied(mine) == ["view segment_a"]
    assert applied(replace(mine, segment_holdout=0.2)) == ["view segment_a", "view segment_b"]
    assert reader.query("SELECT one FROM segment_of_somebody_else") == [(1,)]


def test_a_file_that_is_no_segment_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1")
    with pytest.raises(SettingError, match=r"^a.sql lacks -- title:$"):
        migrate(replace(settings, segments=str(tmp_path)))
    with pytest.raises(SettingError, match=r"^FOOTFALL_SEGMENTS is '.*nowhere': No such file or directory$"):
        migrate(replace(settings, segments=str(tmp_path / "nowhere")))


def test_sql_that_the_server_refuses_is_told_with_the_view(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(SEGMENT.format(title="A", least="no_such_column"))
    with pytest.raises(Fatal, match=r"view segment_a, code 47, .*no_such_column"):
        migrate(replace(settings, segments=str(tmp_path)))
