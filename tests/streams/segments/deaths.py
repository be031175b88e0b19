"""Leaders that are killed at a step of a round, each a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from itertools import count
from multiprocessing.process import BaseProcess
from typing import Any

from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.leader.segments import SegmentRounds
from streams.settings import Settings
from streams.worker.delivery import Delivery, Message
from tests.faults.forked import forked
from tests.streams.segments.rounds import look

Patch = tuple[Any, str, Callable[..., Any]]
Die = Callable[[], None]
DELIVERY_TIMEOUT_S = 20.0


def dying_writer(die: Die, table: str, *, after: bool, call: int) -> Patch:
    insert, calls = Writer.insert, 0

    def insert_or_die(self: Writer, into: str, columns: Mapping[str, Any], *, token: str) -> None:
        nonlocal calls
        calls += into == table
        dies = into == table and calls == call
        if after or not dies:
            insert(self, into, columns, token=token)
        if dies:
            die()

    return Writer, "insert", insert_or_die


def dying_delivery(die: Die, *, after: bool, call: int) -> Patch:
    send, calls = Delivery.send, 0

    def send_or_die(self: Delivery, messages: Sequence[Message]) -> Future[None]:
        nonlocal calls
        calls += 1
        if calls == call:
            if after:
                send(self, messages).result(DELIVERY_TIMEOUT_S)
            die()
        return send(self, messages)

    return Delivery, "send", send_or_die


def dying_round(die: Die, *, after: bool) -> Patch:
    query = Reader.query

    def query_or_die(self: Reader, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        if not sql.startswith("INSERT"):
            return query(self, sql, params)
        if after:
            query(self, sql, params)
        die()
        raise AssertionError("it is dead")

    return Reader, "query", query_or_die


DEATHS: dict[str, Callable[[Die], Patch]] = {
    "before the changes are written": lambda die: dying_round(die, after=False),
    "after the changes are written": lambda die: dying_round(die, after=True),
    "before the first page is sent": lambda die: dying_delivery(die, after=False, call=1),
    "after the first page is sent": lambda die: dying_delivery(die, after=True, call=1),
    "before the second page is sent": lambda die: dying_delivery(die, after=False, call=2),
    "after the second page is sent": lambda die: dying_delivery(die, after=True, call=2),
    "before the members are written": lambda die: dying_writer(die, "segment_members", after=False, call=1),
    "after the members are written": lambda die: dying_writer(die, "segment_members", after=True, call=2),
    "before the round is done": lambda die: dying_writer(die, "segment_rounds", after=False, call=1),
    "after the round is done": lambda die: dying_writer(die, "segment_rounds", after=True, call=1),
}
"""By where in a round of three pages it is."""


def killed_leader(settings: Settings, death: str, *, page_changes: int) -> BaseProcess:
    """Started; it kills itself by SIGKILL."""
    return forked(_lead, settings, death, page_changes)


def _lead(settings: Settings, death: str, page_changes: int) -> None:
    setattr(*DEATHS[death](lambda: os.kill(os.getpid(), signal.SIGKILL)))
    asyncio.run(_round(settings, page_changes))


async def _round(settings: Settings, page_changes: int) -> None:
    delivery = Delivery(settings)
    await delivery.start()
    clock = count(1_700_000_000_000)
    duty = SegmentRounds(settings, delivery, clock_ms=clock.__next__, stop=threading.Event(), page_changes=page_changes)
    await asyncio.to_thread(look, duty)
