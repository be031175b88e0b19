"""ClickHouse as a member of the stack: `deploy.local.clickhouse` in a process of its own."""

import importlib.util
import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from clickhouse_driver import Client
from clickhouse_driver.errors import Error

import deploy
from deploy.local.exceptions import NotInstalled
from deploy.local.ports import HOST
from schemas.access import WORKER


class ClickHouse:
    """Args:
    passwords: by user; empty for one user without a password, who may do everything.
    """

    kind = "chdb"

    def __init__(self, folder: Path, tcp_port: int, http_port: int, passwords: Mapping[str, str]) -> None:
        self.ports = (tcp_port, http_port)
        self._folder = folder
        self._passwords = passwords

    def prepare(self) -> None:
        if importlib.util.find_spec("chdb") is None:
            raise NotInstalled("the ClickHouse engine is not installed: pip install 'footfall[local]'")

    def command(self) -> list[str]:
        tcp_port, http_port = map(str, self.ports)
        where = ["--data", str(self._folder), "--host", HOST, "--tcp-port", tcp_port, "--http-port", http_port]
        return [sys.executable, "-m", "deploy.local.clickhouse", *where]

    def environment(self) -> dict[str, str]:
        # Found from whatever folder the stack is started.
        return {"PYTHONPATH": str(Path(deploy.__path__[0]).parent)} | {
            f"CLICKHOUSE_PASSWORD_{user.upper()}": password for user, password in self._passwords.items()
        }

    def answers(self) -> bool:
        timeouts = dict.fromkeys(("connect_timeout", "send_receive_timeout", "sync_request_timeout"), 1)
        account = {"user": WORKER.user, "password": self._passwords[WORKER.user]} if self._passwords else {}
        client = Client(HOST, self.ports[0], **account, **timeouts)
        with _silenced("clickhouse_driver.connection"):
            try:
                return bool(client.execute("SELECT 1") == [(1,)])
            except (Error, EOFError, OSError):
                return False
            finally:
                client.disconnect()


@contextmanager
def _silenced(name: str) -> Iterator[None]:
    """Drop what this thread logs: while a server starts, that it can't be reached is no news."""
    me = threading.get_ident()
    logger = logging.getLogger(name)

    def others(record: logging.LogRecord) -> bool:
        return record.thread != me

    logger.addFilter(others)
    try:
        yield
    finally:
        logger.removeFilter(others)
