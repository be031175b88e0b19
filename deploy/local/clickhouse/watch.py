"""Notices clients that leave, or cancel, while the engine works for them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deploy.local.clickhouse.packets import FromClient

# A statement goes on for at most this long after its client left; shorter costs idle wake-ups.
PERIOD_S = 0.2
CANCEL = bytes([FromClient.CANCEL])


class Watch:
    """Looks at the sockets of all statements under way, some times a second, on one thread."""

    def __init__(self, kill: Callable[[str], None]) -> None:
        self._kill = kill
        self._watched: dict[socket.socket, str] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    @contextmanager
    def over(self, client: socket.socket, tag: str) -> Iterator[None]:
        """Stop the statement `tag` if `client` leaves meanwhile."""
        with self._lock:
            self._watched[client] = tag
        try:
            yield
        finally:
            with self._lock:
                del self._watched[client]

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.wait(PERIOD_S):
            with self._lock:
                left = [tag for client, tag in self._watched.items() if wants_no_more(client)]
            for tag in left:
                self._kill(tag)


def ahead(client: socket.socket) -> bytes | None:
    """The next byte from the client; b"" if it closed its end, None if nothing came. Never blocks."""
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def wants_no_more(client: socket.socket) -> bool:
    return ahead(client) in (b"", CANCEL)
