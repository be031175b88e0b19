"""A process that is measured: it is ended whatever happens, and its CPU time is the kernel's."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from streams.errors import Fatal
from streams.settings import Settings

END_TIMEOUT_S = 60.0
"""How long a process may take to write what it still has, after SIGTERM."""
_POLL_S = 0.02


class Usage(NamedTuple):
    """Of a process that has ended, all its threads and its start included."""

    cpu_s: float
    peak_rss_bytes: int


class Child:
    """A context manager: at its end the process is killed if it still runs.

    Parameters
    ----------
    command
        The program and its arguments.
    settings
        Footfall's for it; those of this process's own environment don't count.
    log
        Takes its output; its folder is where the process runs.
    """

    def __init__(self, command: Sequence[str], settings: Settings, log: Path) -> None:
        self._command = command
        self._environment = environment(settings)
        self._log = log

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program of ours
                self._command,
                cwd=self._log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.returncode is None:
            self._process.kill()
            self._process.wait()

    def check(self) -> None:
        """Raises ``Fatal`` with the end of its output where the process has ended."""
        if self._process.poll() is not None:
            raise Fatal(f"{self._command[0]} ended with {self._process.returncode}: {self._last_line()}")

    def end(self) -> Usage:
        """SIGTERM, and wait. Raises ``Fatal`` where the process fails or doesn't end."""
        self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + END_TIMEOUT_S
        while time.monotonic() < deadline:
            pid, status, used = os.wait4(self._process.pid, os.WNOHANG)
            if pid:
                self._process.returncode = code = os.waitstatus_to_exitcode(status)
                if code:
                    raise Fatal(f"{self._command[0]} ended with {code}: {self._last_line()}")
                return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
            time.sleep(_POLL_S)
        raise Fatal(f"{self._command[0]} did not end within {END_TIMEOUT_S:g} s")

    def _last_line(self) -> str:
        lines = self._log.read_text(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "no output")


def environment(settings: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
    return kept | settings.to_env()
