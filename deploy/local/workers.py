"""Scoring workers as processes of this machine, each with a log and a report of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local.exceptions import StackError

STOP_TIMEOUT_S = 30.0
_LOG_LINES = 5


class WorkerProcess:
    """A ``footfall worker`` that runs from its construction on.

    Parameters
    ----------
    name
        In the ledger; also of its files in ``folder``.
    settings
        ``FOOTFALL_`` variables.
    """

    def __init__(self, name: str, settings: Mapping[str, str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._log = folder / f"{name}.log"
        self._report = folder / f"{name}.json"
        command = [sys.executable, "-m", "streams", "worker", "--name", name, "--report", str(self._report)]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                command, env={**inherited, **settings}, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def check(self) -> None:
        """Raises ``StackError`` with the end of the log if the worker has ended."""
        if self.process.poll() is not None:
            raise StackError(f"worker {self.name} ended with status {self.process.returncode}: {self.log_end()}")

    def log_end(self) -> str:
        """The last lines of the log."""
        return " | ".join(self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:])

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> dict[str, Any]:
        """SIGTERM, wait for its end, and return its report. Raises ``StackError`` if it doesn't end well."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise StackError(f"worker {self.name} didn't stop within {STOP_TIMEOUT_S:g} s: {self.log_end()}") from None
        if self.process.returncode != 0:
            raise StackError(f"worker {self.name} ended with status {self.process.returncode}: {self.log_end()}")
        report: dict[str, Any] = json.loads(self._report.read_bytes())
        return report
