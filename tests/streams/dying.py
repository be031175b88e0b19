"""Deaths of a process before or after one of its steps: what to patch, for ``monkeypatch.setattr``."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.worker.delivery import Delivery, Message


class Killed(Exception):
    """A process that ended there."""


def fail() -> None:
    """Ends it by :class:`Killed`."""
    raise Killed


def die() -> None:
    """Ends it by SIGKILL."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying_writer(table: str, *, after: bool, call: int = 1, end: Callable[[], None] = fail) -> Any:
    insert, calls = Writer.insert, 0

    def insert_or_die(self: Writer, into: str, columns: Mapping[str, Any], *, token: str) -> None:
        nonlocal calls
        calls += into == table
        dies = into == table and calls == call
        if after or not dies:
            insert(self, into, columns, token=token)
        if dies:
            end()

    return Writer, "insert", insert_or_die


def dying_delivery(*, after: bool, call: int = 1, end: Callable[[], None] = fail) -> Any:
    send, calls = Delivery.send, 0

    def send_or_die(self: Delivery, messages: Sequence[Message]) -> Future[None]:
        nonlocal calls
        calls += 1
        if calls == call:
            if after:
                send(self, messages).result(20)
            end()
        return send(self, messages)

    return Delivery, "send", send_or_die


def dying_query(beginning: str, *, after: bool, end: Callable[[], None] = fail) -> Any:
    query = Reader.query

    def query_or_die(self: Reader, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        if not sql.startswith(beginning):
            return query(self, sql, params)
        if after:
            query(self, sql, params)
        end()
        raise AssertionError("it goes on")

    return Reader, "query", query_or_die
