"""Bringing the tables up to date: numbered SQL files, applied in order, forward only.

Every statement must bear being run again (``IF NOT EXISTS``), since ClickHouse has no transactions over DDL: a
migration that broke off half-way, or that two processes run at once, is simply repeated. What was applied is kept with
a checksum in ``schema_migrations``; a file that changed or vanished afterwards is refused, for the tables are no longer
what the files say.

The views follow from the segments' files and the analysts'. Each has a checksum of its text as its comment, and is
replaced where the text has changed; a view whose file is gone is dropped.

Each table's time to live is that of the settings, changed where it differs.

The users are made last, where their passwords are given, and each time: what they may is granted anew.

The tables are those of a single server. On a cluster, create the database with an engine that makes every table a
replicated one, as ClickHouse Cloud does.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from clickhouse_driver import Client

from streams.clickhouse.retention import check, replace_ttls
from streams.clickhouse.session import Session
from streams.clickhouse.statements import statements
from streams.clickhouse.users import replace_users
from streams.clickhouse.views import replace_views
from streams.errors import Fatal
from streams.settings import Settings

_FILE_NAME = re.compile(r"(?P<number>\d{4})_\w+\.sql")
_CREATE_APPLIED = """
CREATE TABLE IF NOT EXISTS schema_migrations
(
    number UInt32,
    name String,
    checksum String,
    applied_ms Int64
)
ENGINE = ReplacingMergeTree(applied_ms)
ORDER BY number
"""


@dataclass(frozen=True, kw_only=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load(folder: Traversable | None = None) -> list[Migration]:
    """The migrations by number. Raises ``Fatal`` for a file that isn't one, and for a number given twice."""
    found: dict[int, Migration] = {}
    for file in sorted((folder or files("schemas") / "migrations").iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".sql"):
            continue
        named = _FILE_NAME.fullmatch(file.name)
        if named is None:
            raise Fatal(f"{file.name} isn't named like a migration: 0001_what_it_brings.sql")
        number = int(named["number"])
        if number in found:
            raise Fatal(f"{file.name} has the number of {found[number].name}")
        found[number] = Migration(number=number, name=file.name, sql=file.read_text(encoding="utf-8"))
    return [found[number] for number in sorted(found)]


def pending(migrations: Iterable[Migration], applied: Mapping[int, tuple[str, str]]) -> list[Migration]:
    """Those that ``applied``, which has name and checksum by number, doesn't hold.

    Raises ``Fatal`` where an applied one has changed, is missing, or comes after one that was never applied.
    """
    by_number = {migration.number: migration for migration in migrations}
    for number, (name, checksum) in sorted(applied.items()):
        if number not in by_number:
            raise Fatal(f"{name} was applied to ClickHouse but is missing here: is this an older version of Footfall?")
        if by_number[number].checksum != checksum:
            raise Fatal(f"{by_number[number].name} has changed since it was applied: add a new migration instead")
    missing = [migration for number, migration in sorted(by_number.items()) if number not in applied]
    if missing and applied and missing[0].number < max(applied):
        latest, _ = applied[max(applied)]
        raise Fatal(f"{missing[0].name} comes before {latest}, which was applied: give it a higher number")
    return missing


def migrate(
    settings: Settings,
    *,
    dry_run: bool = False,
    folder: Traversable | None = None,
    report: Callable[[str, list[str]], None] = lambda *_: None,
) -> list[Migration]:
    """Apply what is pending and return it; with ``dry_run`` only return it. Then bring views, times to live and
    users up to date, where the migrations are Footfall's own, not those of a ``folder``. Blocks.

    ``report`` is called with the name of each migration, view, table or user and its statements before they are run.
    Waits for a server that isn't up yet, for ``outage_deadline_s`` a statement at most. Raises ``Fatal`` as
    :func:`load` and :func:`pending` do, and for a statement that the server refuses; ``SettingError`` for segments that
    aren't and for retentions that can't be.
    """
    check(settings)
    session = Session(settings)
    try:
        todo = pending(load(folder), _applied(session))
        for migration in todo:
            report(migration.name, statements(migration.sql))
            if not dry_run:
                _apply(session, migration)
        if folder is None:
            views = replace_views(settings, session, dry_run=dry_run, report=report)
            replace_ttls(settings, session, dry_run=dry_run, report=report)
            replace_users(settings, session, views, dry_run=dry_run, report=report)
        return todo
    finally:
        session.close()


def _applied(session: Session) -> dict[int, tuple[str, str]]:
    def read(client: Client) -> list[tuple[Any, ...]]:
        if not client.execute("EXISTS TABLE schema_migrations")[0][0]:
            return []
        rows: list[tuple[Any, ...]] = client.execute("SELECT number, name, checksum FROM schema_migrations FINAL")
        return rows

    return {number: (name, checksum) for number, name, checksum in session.run("read the migrations", read)}


def _apply(session: Session, migration: Migration) -> None:
    def run(sql: str, rows: list[tuple[Any, ...]] | None = None) -> None:
        session.run(f"migration {migration.name}", lambda client: client.execute(sql, rows))

    run(_CREATE_APPLIED)
    for statement in statements(migration.sql):
        run(statement)
    row = (migration.number, migration.name, migration.checksum, time.time_ns() // 1_000_000)
    run("INSERT INTO schema_migrations (number, name, checksum, applied_ms) VALUES", [row])
