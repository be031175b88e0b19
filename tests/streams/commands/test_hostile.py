"""Whatever a command is given, it is a value: nothing is changed by it, and nothing more is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.tables import TABLES
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.commands import main
from streams.settings import Secret, Settings
from tests.conftest import migrated, new_database
from tests.streams.console.shop import Shop

HOSTILE = [
    "' OR 1=1 --",
    "\\' UNION ALL SELECT * FROM alerts --",
    "x'); DROP TABLE events; --",
    "%(name)s %s % {} {x:String}",
    "é😀\udcff",  # as bytes come that are no UTF-8
]

COMMANDS = [
    "segments show {}",
    "segments count {}",
    "segments export {} --to {}.csv",
    "segments diff {} --since 2024-01-01",
    "segments uplift {} --metric orders",
    "models show {}",
    "models show fraud/{}",
    "models drift {}",
    "models pin fraud {}",
    "models promote {} --who {} --why {}",
    "models challenge {} --who {} --why {}",
    "dead-letters list --json --reason {}",
    "dead-letters list --full --json --reason {}",
    "dead-letters replay --dry-run --reason {}",
    "alerts list --state any --json --user {}",
    "alerts ack {} --verdict ok --by {}",
    "alerts snooze {} --hours 1 --by {}",
]


@pytest.fixture(scope="module")
def settings(clickhouse: tuple[str, int]) -> Iterator[Settings]:
    with new_database(clickhouse) as url:
        settings = replace(migrated(url), model_key=Secret("a key of the tests"))
        writer = Writer(settings)
        shop = Shop(writer)
        shop.passes()
        shop.does("hidden", "view", 9)
        shop.alert("hidden alert", "hidden")
        shop.moves("loyal", "hidden", "enter", 1)
        shop.insert("dead_letters", topic=["clicks"], offset=[1], reason=["hidden reason"], value=[b"hidden"])
        writer.close()
        yield settings


def rows(settings: Settings) -> dict[str, int]:
    reader = Reader(settings)
    found = {table: int(reader.query(f"SELECT count() FROM {table}")[0][0]) for table in TABLES}
    reader.close()
    return found


@pytest.mark.parametrize("line", COMMANDS)
def test_what_a_command_is_given_is_a_value(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("streams.transport.logs.configure_logging", lambda *given: None)
    before = rows(settings)
    for given in HOSTILE:
        done = CliRunner().invoke(main, [word.replace("{}", given) for word in line.split()])
        assert done.exception is None or isinstance(done.exception, SystemExit), (given, done.exception)
        assert "code 62" not in done.output, (given, done.output)  # ClickHouse's syntax error
        assert "hidden" not in done.output, (given, done.output)
    assert rows(settings) == before
