"""The ClickHouse engine in this process, the only owner of a data folder."""

import itertools
import shutil
import threading
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from deploy.local.clickhouse.errors import EngineError
from deploy.local.clickhouse.functions import Functions, functions_of
from deploy.local.clickhouse.limited import LimitedSession
from deploy.local.clickhouse.session import TAG, Session, incoming_folder
from deploy.local.clickhouse.sql import quote
from deploy.local.clickhouse.targets import Targets
from schemas.access import WORKER, Rights


class Engine:
    """Opens sessions, and stops what runs in them.

    Args:
        data: the folder with the tables; made if it isn't there.

    Raises:
        EngineError: another process has the folder, or it can't be read.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._numbers = itertools.count(1)
        self._targets = Targets()
        self._admin = self.session()
        self._admin_lock = threading.Lock()
        incoming = incoming_folder(data)
        shutil.rmtree(incoming, ignore_errors=True)  # of a process that was killed
        incoming.mkdir()
        row = self._admin.run("SELECT version(), timezone(), hostName()", "TSV").decode().split()
        major, minor, patch = (int(part) for part in row[0].split(".")[:3])
        self.version = (major, minor, patch)
        self.timezone = row[1]
        self.host = row[2]

    def session(self, rights: Rights = WORKER) -> Session:
        tag = f"session {next(self._numbers)}"
        if rights.limits is None:
            return Session(self._data, self._targets, tag)
        return LimitedSession(self._data, self._targets, tag, rights, rights.limits, self._functions)

    @cached_property
    def _functions(self) -> Functions:
        with self._admin_lock:
            return functions_of(self._admin.run)

    def kill(self, tag: str) -> None:
        """Stop the statement that runs under `tag`, if any. Returns before it has stopped."""
        with self._admin_lock, suppress(EngineError):
            self._admin.run(f"KILL QUERY WHERE {TAG} = {quote(tag)} ASYNC", "Null")

    def close(self) -> None:
        self._admin.close()
