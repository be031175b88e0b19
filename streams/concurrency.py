"""What runs beside the work of an event loop: threads of one job each, and tasks that tell how they failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


class SingleThread:
    """Calls one function after another, in the order in which they were handed over. It starts with the first.

    Parameters
    ----------
    name
        The thread's, with ``_0`` after it.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def call(self, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        """What the function returns, or raises, on the thread. Who is cancelled while waiting doesn't stop it."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *args)

    def submit(self, function: Callable[[], object]) -> None:
        """Without waiting for it."""
        self._executor.submit(function)

    def end(self, *, wait: bool) -> None:
        """Takes no more; where it waits, it blocks until all is done."""
        self._executor.shutdown(wait=wait)


async def guarded(work: Callable[[], Awaitable[None]], fail: Callable[[BaseException], Awaitable[None]]) -> None:
    """Work for a task that nobody awaits: awaits ``fail`` with what goes wrong in it."""
    try:
        await work()
    except Exception as error:
        await fail(error)
