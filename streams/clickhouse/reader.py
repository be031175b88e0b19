"""Selecting rows, or columns as arrays."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
from clickhouse_driver import Client

from streams.clickhouse import blocks
from streams.clickhouse.columns import Column
from streams.clickhouse.session import Session
from streams.errors import Invalid
from streams.settings import Settings

Tables = Mapping[str, Mapping[str, tuple[str, Column]]]

INDEXED = {"use_skip_indexes_if_final": 1}
"""For queries with FINAL by a time that all rows of a key share: an index that leaves one out leaves out all."""


class Reader:
    """Selects for the one thread that uses it; blocks it meanwhile. Faults are retried as a writer's are.

    Parameters are written into the query as ``%(name)s``; a ``%`` of the query's own as ``%%`` where there are any.
    """

    def __init__(self, settings: Settings, *, stop: threading.Event | None = None) -> None:
        self._session = Session(settings, stop=stop)

    def query(self, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows, in Python's types: for results of a few thousand. Raises as :meth:`columns`."""
        with _utf8():
            return self._session.run("query", lambda client: list(client.execute(sql, _params(params))))

    def columns(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        tables: Tables | None = None,
        raw: Collection[str] = (),
        settings: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The columns by name: writable arrays for numbers, lists for everything else; a few ns a number.

        Parameters
        ----------
        sql, params
            The query.
        tables
            Temporary tables that the query may use: type and values by column, by table name. For many ids this
            beats ``IN %(ids)s``: ``tables={"wanted": {"id": ("String", ids)}}`` and ``id IN wanted``.
        raw
            Columns of text to return as ``bytes``.
        settings
            Settings of ClickHouse for this query.

        Raises ``Fatal`` where the server refuses the query or is gone for longer than ``outage_deadline_s``,
        ``Retryable`` where stopped during an outage, and ``Invalid`` for a parameter that came from bytes that aren't
        UTF-8.
        """

        def selected(client: Client) -> dict[str, Any]:
            found = blocks.select(client, _substituted(client, sql, params), tables or {}, settings or {}, raw)
            return _joined(list(found))

        with _utf8():
            return self._session.run("query", selected)

    def close(self) -> None:
        """Disconnect. The reader may be used again."""
        self._session.close()


def stream(client: Client, sql: str, *, max_block_rows: int, settings: Mapping[str, Any]) -> Iterator[Any]:
    """The names and types of the columns, then row by row, in Python's types. Not retried: rows may be out already."""
    rows: Iterator[Any] = client.execute_iter(
        sql, with_column_types=True, settings={**settings, "max_block_size": max_block_rows}
    )
    return rows


@contextmanager
def _utf8() -> Iterator[None]:
    try:
        yield
    except UnicodeEncodeError:
        raise Invalid("What was given is not UTF-8") from None


def _substituted(client: Client, sql: str, params: Mapping[str, Any] | None) -> str:
    if params is None:
        return sql
    filled: str = client.substitute_params(sql, dict(params), client.connection.context)
    return filled


def _params(params: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if params is None else dict(params)


def _joined(found: list[dict[str, Column]]) -> dict[str, Any]:
    if not found:
        return {}
    return {
        name: np.concatenate([block[name] for block in found if block])
        if isinstance(empty, np.ndarray)
        else list(chain.from_iterable(block[name] for block in found if block))
        for name, empty in found[0].items()
    }
