"""The session of a user who may only read, within limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.local.clickhouse.blocks import Block
from deploy.local.clickhouse.errors import ACCESS_DENIED, READONLY, TOO_MANY_ROWS_OR_BYTES, EngineError
from deploy.local.clickhouse.functions import Functions
from deploy.local.clickhouse.guard import Guard
from deploy.local.clickhouse.insert import Insert
from deploy.local.clickhouse.packets import Setting
from deploy.local.clickhouse.session import Session
from deploy.local.clickhouse.statements import StreamedInsert
from deploy.local.clickhouse.targets import Columns, Targets
from schemas.access import CHANGEABLE, Limits, Rights

# Under 1 the engine wouldn't let a session be given its next tag. It refuses writes and new limits all the same.
_READ_ONLY = {"readonly": "2"}
# Databases of the engine's own: a table there may have the name of one that may be read.
_INSIDES = {"system", "information_schema"}


class LimitedSession(Session):
    """Runs what its guard allows, with the user's limits."""

    def __init__(
        self, data: Path, targets: Targets, tag: str, rights: Rights, limits: Limits, functions: Functions
    ) -> None:
        self.rights = rights
        self._limits = limits.settings()
        self._guard = Guard(rights, functions, lambda sql: self._query(sql, "TSVRaw"), lambda: self.database)
        super().__init__(data, targets, tag)

    def use(self, database: str) -> None:
        if database.lower() in _INSIDES:
            raise self._denied(f"SELECT in {database}")
        super().run(self._use(database))

    def apply(self, settings: Mapping[str, Setting], query_id: str = "") -> None:
        """As of any session, within the limits. `query_id` is passed over: by another's, that one could be stopped."""
        changed = {name: setting for name, setting in settings.items() if not self._as_it_is(name, setting.value)}
        for name, setting in changed.items():
            self._check(name, setting.value)
        fixed = {name: Setting(str(value), True) for name, value in (_READ_ONLY | self._limits).items()}
        super().apply(fixed | changed)

    def select(self, sql: str) -> Iterator[Block]:
        written, _ = self._guard.allowed(sql)
        rows = 0
        for block in super().select(written):
            # The engine keeps to its limit only where it doesn't stream.
            if (rows := rows + block.rows) > self._limits["max_result_rows"]:
                text = f"DB::Exception: Limit for result exceeded, max rows: {self._limits['max_result_rows']}"
                raise EngineError(TOO_MANY_ROWS_OR_BYTES, f"{text} (TOO_MANY_ROWS_OR_BYTES)")
            yield block

    def run(self, sql: str, output_format: str = "Native", params: Mapping[str, str] | None = None) -> bytes:
        written, named = self._guard.allowed(sql)
        return super().run(written + named, output_format, params)

    def columns_of(self, select: str) -> Columns:
        written, _ = self._guard.allowed(select)
        return super().columns_of(written)

    def insert(self, insert: StreamedInsert) -> Insert:
        raise self._denied(f"INSERT into {insert.table}")

    def columns_for(self, insert: StreamedInsert) -> Columns:
        raise self._denied(f"INSERT into {insert.table}")

    def external(self, name: str, block: Block) -> None:
        raise self._denied(f"CREATE TEMPORARY TABLE {name}")

    def _as_it_is(self, name: str, value: str) -> bool:
        return value == {"readonly": "1", **{limit: str(most) for limit, most in self._limits.items()}}.get(name)

    def _check(self, name: str, value: str) -> None:
        most = self._limits.get(name, 1 << 32)
        if name not in CHANGEABLE or not value.isdecimal() or not CHANGEABLE[name] <= int(value) <= most:
            text = f"DB::Exception: Cannot modify '{name}' setting in readonly mode (READONLY)"
            raise EngineError(READONLY, text)

    def _denied(self, what: str) -> EngineError:
        return EngineError(
            ACCESS_DENIED, f"DB::Exception: {self.rights.user}: Not enough privileges, {what} (ACCESS_DENIED)"
        )
