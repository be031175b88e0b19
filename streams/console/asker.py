"""Questions to ClickHouse on a few threads. An answer holds for a moment, and who asks meanwhile gets the same: many
viewers cost as much as one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from streams.clickhouse.reader import Reader
from streams.console.reading import open_reader
from streams.errors import Retryable
from streams.settings import Settings

T = TypeVar("T")
Question = tuple[str, Hashable]
"""What it is about, and of what."""

THREADS = 4
MOST_ASKED = 64
"""Questions that wait for an answer, at most: each takes a second or so at worst, and the page asks for ten."""
MOST_KEPT = 256
"""Answers, those that are waited for included."""


class _Answer(NamedTuple):
    future: asyncio.Future[Any]
    until: float
    """Monotonic time."""


class Asker:
    """For one event loop, which it doesn't block. :meth:`close` it.

    Parameters
    ----------
    settings
        Of :func:`~streams.console.reading.reading`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="console")
        self._of_thread = threading.local()
        self._readers: list[Reader] = []
        self._answers: OrderedDict[Question, _Answer] = OrderedDict()

    async def ask(self, question: Question, read: Callable[[Reader], T], *, fresh_s: float) -> T:
        """What ``read`` returns on a thread, or returned for the same ``question`` within the last ``fresh_s``.

        Raises as ``read`` does, and ``Retryable`` where too many questions wait.
        """
        answer = self._answers.get(question)
        if answer is None or (answer.future.done() and time.monotonic() >= answer.until):
            answer = self._asked(read, fresh_s)
            self._answers[question] = answer
        self._answers.move_to_end(question)
        result: T = await asyncio.shield(answer.future)
        return result

    def forget(self, about: str) -> None:
        """What was answered about it doesn't hold any more."""
        for question in [question for question in self._answers if question[0] == about]:
            del self._answers[question]

    def close(self) -> None:
        """Blocks until the queries that run are done."""
        self._threads.shutdown(cancel_futures=True)
        for reader in self._readers:
            reader.close()

    def _asked(self, read: Callable[[Reader], Any], fresh_s: float) -> _Answer:
        if sum(not answer.future.done() for answer in self._answers.values()) >= MOST_ASKED:
            raise Retryable("Too many questions wait for ClickHouse: try again in a moment")
        self._make_room()
        future = asyncio.get_running_loop().run_in_executor(self._threads, self._read, read)
        future.add_done_callback(_seen)
        return _Answer(future, time.monotonic() + fresh_s)

    def _make_room(self) -> None:
        """The answers that were asked for least lately, but those that somebody waits for."""
        for question, answer in list(self._answers.items()):
            if len(self._answers) < MOST_KEPT:
                return
            if answer.future.done():
                del self._answers[question]

    def _read(self, read: Callable[[Reader], Any]) -> Any:
        reader = getattr(self._of_thread, "reader", None)
        if reader is None:
            reader = self._of_thread.reader = open_reader(self._settings)
            self._readers.append(reader)
        return read(reader)


def _seen(future: asyncio.Future[Any]) -> None:
    """That nobody waits for a failure any more isn't worth a line in the log."""
    if not future.cancelled():
        future.exception()
