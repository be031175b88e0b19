"""Threads of one job each, and tasks that tell how they failed."""

from __future__ import annotations

import asyncio
import threading

import pytest

from streams.concurrency import SingleThread, guarded


def test_calls_follow_one_another_on_one_named_thread() -> None:
    done: list[tuple[int, str]] = []

    def note(number: int) -> int:
        done.append((number, threading.current_thread().name))
        return number

    async def work() -> None:
        thread = SingleThread("reader")
        calls = [asyncio.ensure_future(thread.call(note, number)) for number in range(20)]
        await asyncio.sleep(0)  # each is handed over
        thread.submit(lambda: note(20))
        assert await asyncio.gather(*calls) == list(range(20))
        thread.end(wait=True)

    asyncio.run(work())
    assert done == [(number, "reader_0") for number in range(21)]


def test_what_a_function_raises_is_raised_and_the_next_is_called() -> None:
    async def work() -> None:
        thread = SingleThread("reader")
        with pytest.raises(ValueError, match="invalid literal"):
            await thread.call(int, "one")
        assert await thread.call(int, "1") == 1
        thread.end(wait=True)

    asyncio.run(work())


def test_a_guarded_failure_is_told_and_a_cancellation_is_not() -> None:
    told: list[BaseException] = []
    failure = ValueError("at work")

    async def fail(error: BaseException) -> None:
        told.append(error)

    async def broken() -> None:
        raise failure

    async def endless() -> None:
        await asyncio.Event().wait()

    async def work() -> None:
        await guarded(broken, fail)
        task = asyncio.create_task(guarded(endless, fail))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert told == [failure]
