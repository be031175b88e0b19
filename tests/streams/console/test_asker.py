"""Questions are answered once for all who ask, and again once the answer is old."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from streams.clickhouse.reader import Reader
from streams.console.asker import MOST_ASKED, MOST_KEPT, Asker
from streams.console.reading import reading
from streams.errors import Fatal, Retryable
from streams.settings import Secret, Settings

DEADLINE_S = 20.0
FRESH_S = 60.0


@pytest.fixture
def run(clickhouse: tuple[str, int]) -> Callable[[Callable[[Asker], Coroutine[Any, Any, None]]], None]:
    """Runs a test with an asker of an engine without tables."""
    host, port = clickhouse

    def ran(test: Callable[[Asker], Coroutine[Any, Any, None]]) -> None:
        asker = Asker(reading(Settings(clickhouse=Secret(f"clickhouse://default@{host}:{port}/default"))))
        try:
            asyncio.run(asyncio.wait_for(test(asker), DEADLINE_S))
        finally:
            asker.close()

    return ran


def one(reader: Reader) -> int:
    return int(reader.query("SELECT 1")[0][0])


def test_many_who_ask_the_same_cost_one_query(run: Any) -> None:
    asked: list[str] = []

    def read(reader: Reader) -> int:
        asked.append(threading.current_thread().name)
        return one(reader)

    async def test(asker: Asker) -> None:
        assert await asyncio.gather(*(asker.ask(("a", 1), read, fresh_s=FRESH_S) for _ in range(50))) == [1] * 50
        assert await asker.ask(("a", 1), read, fresh_s=FRESH_S) == 1
        assert len(asked) == 1
        await asker.ask(("a", 2), read, fresh_s=0)
        await asker.ask(("a", 2), read, fresh_s=0)
        assert len(asked) == 3
        asker.forget("a")
        await asker.ask(("a", 1), read, fresh_s=FRESH_S)
        assert len(asked) == 4
        assert all(name.startswith("console") for name in asked)

    run(test)


def test_a_failure_is_everybodys_and_not_for_ever(run: Any) -> None:
    def fail(reader: Reader) -> Any:
        return reader.query("SELECT nothing")

    async def test(asker: Asker) -> None:
        for fresh_s in (FRESH_S, 0):
            with pytest.raises(Fatal, match="code 47"):
                await asker.ask(("a", fresh_s), fail, fresh_s=fresh_s)
        assert await asker.ask(("a", 0), one, fresh_s=0) == 1

    run(test)


def test_few_wait_and_few_are_kept(run: Any) -> None:
    held = threading.Event()

    def wait(_: Reader) -> None:
        held.wait(DEADLINE_S)

    async def test(asker: Asker) -> None:
        for number in range(2 * MOST_KEPT):
            await asker.ask(("done", number), one, fresh_s=FRESH_S)
        assert len(asker._answers) <= MOST_KEPT
        waiting = [asyncio.ensure_future(asker.ask(("a", number), wait, fresh_s=1)) for number in range(MOST_ASKED)]
        await asyncio.sleep(0)
        with pytest.raises(Retryable, match=r"^Too many questions wait"):
            await asker.ask(("a", -1), one, fresh_s=1)
        held.set()
        await asyncio.gather(*waiting)
        assert await asker.ask(("a", -1), one, fresh_s=1) == 1

    run(test)
