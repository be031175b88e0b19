"""Threads in a row, with bounded queues between them: none waits for ever, whatever becomes of another."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Closed(Exception):
    """Nothing goes in any more, and nothing is left."""


class Channel(Generic[T]):
    """A queue of at most ``capacity`` items between threads."""

    def __init__(self, capacity: int) -> None:
        self._items: deque[T] = deque()
        self._capacity = capacity
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Blocks while it is full. Raises :class:`Closed`, also when it is closed meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._items) < self._capacity)
            if self._closed:
                raise Closed
            self._items.append(item)
            self._changed.notify_all()

    def get(self) -> T:
        """Blocks while it is empty. Raises :class:`Closed` once it is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._items)
            if not self._items:
                raise Closed
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """What is in it can still be got."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def clear(self) -> list[T]:
        """Closes it and takes out what is left."""
        with self._changed:
            self._closed = True
            left = list(self._items)
            self._items.clear()
            self._changed.notify_all()
            return left


class Stage(Generic[T]):
    """Threads that take what comes out of a channel.

    ``died`` is called with the first error of ``take``, on the stage's thread, and ``ended`` by the last thread to end
    once the channel is closed and empty. :class:`Closed` out of ``take`` ends a thread, too.
    """

    def __init__(
        self,
        name: str,
        source: Channel[T],
        take: Callable[[T], None],
        *,
        died: Callable[[BaseException], None],
        ended: Callable[[], None],
        threads: int = 1,
        begin: Callable[[], None] = lambda: None,
    ) -> None:
        self._source = source
        self._take = take
        self._died = died
        self._ended = ended
        self._begin = begin
        self._left = threads
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        try:
            self._begin()
            while True:
                self._take(self._source.get())
        except Closed:
            pass
        except BaseException as error:  # nobody else would learn of it
            self._died(error)
        with self._lock:
            self._left -= 1
            last = self._left == 0
        if last:
            self._ended()
