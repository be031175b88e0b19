"""Notices clients that leave, or cancel, while the engine works for them."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A statement goes on for at most this long after its client left; shorter costs idle wake-ups.
PERIOD_S = 0.2


class Watch:
    """Asks for all statements under way, some times a second, on one thread."""

    def __init__(self, kill: Callable[[str], None]) -> None:
        self._kill = kill
        self._watched: dict[object, tuple[Callable[[], bool], str]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    @contextmanager
    def over(self, unwanted: Callable[[], bool], tag: str) -> Iterator[None]:
        """Stop the statement `tag` once `unwanted`, which must not block, says so."""
        key = object()
        with self._lock:
            self._watched[key] = unwanted, tag
        try:
            yield
        finally:
            with self._lock:
                del self._watched[key]

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.wait(PERIOD_S):
            # Locked until the kill is done, or it could hit the next statement of the same session.
            with self._lock:
                for is_unwanted, tag in self._watched.values():
                    if is_unwanted():
                        self._kill(tag)


def peek(client: socket.socket) -> bytes | None:
    """The next byte from a client; b"" if it closed its end, None if nothing came. Never blocks."""
    poll = select.poll()
    try:
        poll.register(client, select.POLLIN)
        # Asked first, since recv waits on a socket that has a timeout, whatever its flags.
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) if poll.poll(0) else None
    except BlockingIOError:
        return None
    except (OSError, ValueError):  # ValueError: closed on this side
        return b""
