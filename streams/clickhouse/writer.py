"""Inserting columns, so that what was sent twice is there once."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from streams.clickhouse import blocks
from streams.clickhouse.columns import Column
from streams.clickhouse.session import Session
from streams.metrics.services import CLICKHOUSE
from streams.settings import Settings

_SETTINGS = {
    "insert_deduplicate": 1,
    "async_insert": 0,  # whatever the user's profile says: what returned must be there
    "max_partitions_per_insert_block": 0,  # of events of all ages an insert touches any number of months
}


class Writer:
    """Inserts for the one thread that uses it; blocks it meanwhile. About 1 µs of CPU a row of `events`.

    Parameters
    ----------
    settings
        Address, timeouts, and for how long an outage is borne.
    stop
        Once set, an insert doesn't wait for the server to come back.
    """

    def __init__(self, settings: Settings, *, stop: threading.Event | None = None) -> None:
        self._session = Session(settings, stop=stop)

    def insert(self, table: str, columns: Mapping[str, Column], *, token: str) -> None:
        """Insert ``columns``, all of shape (n,), into ``table`` as one block; returns once the server has it.

        Numbers are best given as arrays, text as any sequence of ``str`` or ``bytes``. ``DateTime64(3)`` takes
        ``int64`` Unix milliseconds. A column that is left out gets its type's default. ``token`` names the rows: of
        blocks with one token only the first counts, so a retry, also one by the caller, can't double them.

        Raises
        ------
        Fatal
            The server refused the rows, or was out of reach for longer than ``outage_deadline_s``.
        Retryable
            Stopped during an outage: the rows may or may not be there.
        TypeError, ValueError
            The columns don't fit the table's, or one another. Nothing was written.
        """
        if not any(len(values) for values in columns.values()):
            return
        names = ", ".join(f"`{name}`" for name in columns)
        statement = f"INSERT INTO `{table}` ({names}) VALUES"
        settings = {**_SETTINGS, "insert_deduplication_token": token}
        self._session.run(f"insert into {table}", lambda client: blocks.insert(client, statement, columns, settings))
        CLICKHOUSE.took(table, len(next(iter(columns.values()))))

    def close(self) -> None:
        """Disconnect. The writer may be used again."""
        self._session.close()
