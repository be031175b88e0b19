"""Workers as processes of this machine, each with a log and a report of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.local.child import Child
from deploy.local.process import last_lines

WORKER = (sys.executable, "-m", "streams", "worker")
"""``footfall worker``"""
TEXT_WORKER = (*WORKER[:-1], "text-worker")
"""``footfall text-worker``"""

LOG_TAIL = 60


class WorkerProcess(Child):
    """A ``footfall worker``.

    Parameters
    ----------
    name
        In the ledger; also of its files in ``folder``.
    settings
        ``FOOTFALL_`` variables.
    command
        Another program that takes the options of ``footfall worker``.
    """

    def __init__(
        self, name: str, settings: Mapping[str, str], folder: Path, *, command: Sequence[str] = WORKER
    ) -> None:
        self.name = name
        self._report = folder.absolute() / f"{name}.json"
        options = ["--name", name, "--report", str(self._report)]
        super().__init__([*command, *options], settings, folder / f"{name}.log")

    def tail(self, lines: int = LOG_TAIL) -> str:
        """The end of its log."""
        return last_lines(self.log, lines)

    @property
    def report(self) -> dict[str, Any]:
        """Of a worker that has left: where its CPU time went."""
        found: dict[str, Any] = json.loads(self._report.read_bytes())
        return found
