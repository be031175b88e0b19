"""One client's session with the engine.

Sessions run in parallel; one session runs one statement at a time. Every call blocks, and none holds the GIL
while the engine works. Whatever the engine refuses is raised as `EngineError`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from chdb.session import Session as ChdbSession

from deploy.local.clickhouse import statements
from deploy.local.clickhouse.blocks import Block, split
from deploy.local.clickhouse.errors import BAD_ARGUMENTS, NO_SUCH_COLUMN_IN_TABLE, UNKNOWN_SETTING, EngineError
from deploy.local.clickhouse.insert import Insert
from deploy.local.clickhouse.packets import Setting
from deploy.local.clickhouse.sql import identifier, quote
from deploy.local.clickhouse.targets import Columns, Targets
from schemas.access import WORKER, Rights

# KILL QUERY finds a statement by this: chDB gives each a query id of its own and takes none.
TAG = "Settings['log_comment']"
# In place of a value that the engine may or may not have taken.
_UNSURE = "\0"
_COMPUTED = {"MATERIALIZED", "ALIAS", "EPHEMERAL"}


class Session:
    """What one client sees: its database, its settings, its temporary tables."""

    rights: Rights = WORKER

    def __init__(self, data: Path, targets: Targets, tag: str) -> None:
        self._chdb: ChdbSession = self._call(ChdbSession, str(data))
        self._incoming = incoming_folder(data)
        self._targets = targets
        self._own_tag = tag
        self._applied: dict[str, str] = {}
        self._externals: list[str] = []
        self._has_temporary = False
        self.database = "default"
        self.tag = tag
        self.apply({})

    def use(self, database: str) -> None:
        self.run(self._use(database))

    @staticmethod
    def _use(database: str) -> str:
        return f"USE {identifier(database)}"

    def apply(self, settings: Mapping[str, Setting], query_id: str = "") -> None:
        """Make exactly these settings hold for the next statements."""
        wanted = {"log_comment": Setting(query_id or self._own_tag, False), **settings}
        self.tag = wanted["log_comment"].value
        changed = {name: new for name, new in wanted.items() if self._applied.get(name) != new.value}
        dropped = self._applied.keys() - wanted.keys()
        if not changed and not dropped:
            return
        terms = {name: f"{_setting_name(name)} = {quote(new.value)}" for name, new in changed.items()}
        terms |= {name: f"{name} = DEFAULT" for name in dropped}
        try:
            self._query("SET " + ", ".join(terms.values()), "Null")
        except EngineError:
            self._apply_singly(terms, {name for name, new in changed.items() if new.important})
        self._applied = {name: new.value for name, new in wanted.items()}

    def _apply_singly(self, terms: Mapping[str, str], important: set[str]) -> None:
        for name, term in terms.items():
            try:
                self._query(f"SET {term}", "Null")
            except EngineError as error:
                if error.code != UNKNOWN_SETTING or name in important:
                    self._applied |= dict.fromkeys(terms, _UNSURE)
                    raise

    def select(self, sql: str) -> Iterator[Block]:
        """Run a statement and give its blocks as they are made. Leaving the iterator early stops it."""
        if statements.is_select(sql):
            try:
                stream = self._call(self._chdb.send_query, sql, "Native")
            except EngineError as error:
                if error.code != BAD_ARGUMENTS or "Streaming query is not supported" not in error.message:
                    raise
            else:
                yield from self._stream(stream, sql)
                return
        yield from split(self.run(sql))

    def _stream(self, stream: Any, sql: str) -> Iterator[Block]:
        columns: Columns = ()
        try:
            while (chunk := self._call(stream.fetch)) is not None:
                native, rows = chunk.bytes(), chunk.rows_read()
                columns = columns or self._columns_in(native, sql)
                yield Block(columns, rows, native)
        finally:
            stream.cancel()

    def _columns_in(self, native: bytes, sql: str) -> Columns:
        try:
            return next(split(native)).columns
        except EngineError:  # of a type that can't be walked: slower, but the engine knows
            return self.columns_of(sql)

    def run(self, sql: str, output_format: str = "Native", params: Mapping[str, str] | None = None) -> bytes:
        """Run a statement to its end and return all that it prints."""
        word = statements.first_word(sql)
        self._has_temporary |= word == "CREATE" and "TEMPORARY" in sql.upper()
        if word == "KILL":
            sql = re.sub(r"\bquery_id\b", TAG, sql)
        try:
            printed = self._query(sql, output_format, params)
        finally:
            if not statements.reads_only(sql):
                self._targets.schema_changed()
        if word == "USE":
            self.database = self._query("SELECT currentDatabase()", "TSVRaw").decode().strip()
        return printed

    def insert(self, insert: statements.StreamedInsert) -> Insert:
        return Insert(lambda sql: self._query(sql, "Null"), insert, self._incoming)

    def external(self, name: str, block: Block) -> None:
        """Add rows to a temporary table that lives until `drop_externals`."""
        if name not in self._externals:
            described = ", ".join(f"{identifier(column)} {spec}" for column, spec in block.columns)
            self._query(f"CREATE TEMPORARY TABLE {identifier(name)} ({described})", "Null")
            self._externals.append(name)
        with self.insert(statements.StreamedInsert(identifier(name))) as rows:
            rows.append(block.body)
            rows.finish()

    def drop_externals(self) -> None:
        while self._externals:
            self._query(f"DROP TEMPORARY TABLE IF EXISTS {identifier(self._externals.pop())}", "Null")

    def columns_for(self, insert: statements.StreamedInsert) -> Columns:
        """Names and types of what an INSERT wants."""
        # A temporary table may have the name of another session's, or of a lasting one.
        database = f"{self.database} of {self._own_tag}" if self._has_temporary else self.database
        key = (database, insert.table, insert.columns)
        return self._targets.columns(key, lambda: self._describe_target(insert.table, insert.columns))

    def columns_of(self, select: str) -> Columns:
        """Names and types of a SELECT's result, without running it."""
        return tuple((name, spec) for name, spec, _ in self._describe(f"({select.strip().rstrip(';')}\n)"))

    def _describe_target(self, table: str, columns: str) -> Columns:
        if "*" in columns:
            return self.columns_of(" ".join(("SELECT", columns[1:-1], "FROM", table)))
        described = list(self._describe(f"TABLE {table}"))
        if not columns:
            return tuple((name, spec) for name, spec, kind in described if kind not in _COMPUTED)
        types = {name: spec for name, spec, _ in described}
        names = statements.column_names(columns)
        for name in names:
            if name not in types:
                text = f"DB::Exception: No such column {name} in table {table} (NO_SUCH_COLUMN_IN_TABLE)"
                raise EngineError(NO_SUCH_COLUMN_IN_TABLE, text)
        return tuple((name, types[name]) for name in names)

    def _describe(self, what: str) -> Iterator[tuple[str, str, str]]:
        # Without the setting, tuples are spread over lines for people.
        sql = f"DESCRIBE {what} SETTINGS print_pretty_type_names = 0"
        for line in self._query(sql, "JSONCompactEachRow").splitlines():
            name, spec, kind, *_ = orjson.loads(line)
            yield name, spec, kind

    def _query(self, sql: str, output_format: str, params: Mapping[str, str] | None = None) -> bytes:
        result = self._call(self._chdb.query, sql, output_format, params=dict(params) if params else None)
        printed: bytes = result.bytes()
        return printed

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (RuntimeError, ValueError) as error:
            raise EngineError.of(error) from None

    def close(self) -> None:
        self._chdb.cleanup()  # type: ignore[no-untyped-call]


def incoming_folder(data: Path) -> Path:
    """Where rows wait for the end of their INSERT; the engine knows no such folder."""
    return data / "incoming"


def _setting_name(name: str) -> str:
    if not re.fullmatch(r"\w+", name):
        raise EngineError(UNKNOWN_SETTING, f"DB::Exception: Unknown setting {quote(name)} (UNKNOWN_SETTING)")
    return name
