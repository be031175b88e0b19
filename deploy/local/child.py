"""Processes that are killed at the end of a ``with``, and are measured; the stack's own outlive it (``process``)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.exceptions import StackError
from deploy.local.process import last_lines

END_TIMEOUT_S = 60.0
"""How long a process may take to write what it still has, after SIGTERM."""
_KILL_TIMEOUT_S = 10.0
_SOURCES = str(Path(__file__).parents[2])
_POLL_S = 0.02


class Child:
    """A process that runs from its construction on. A context manager: at its end the process is killed if it runs.

    Parameters
    ----------
    command
        The program and its arguments.
    environment
        Is added to this process's own, of which ``FOOTFALL_`` variables don't count. ``PYTHONPATH`` begins with where
        this module is from: the process runs the same sources, wherever they are.
    log
        Its output is appended there; the folder, made if need be, is where the process runs. Errors call it by this
        file's name.

    Attributes
    ----------
    cpu_s
        CPU seconds, by the kernel's count, of all its threads and its start; once it has been seen to have ended.
    """

    cpu_s: float

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
        inherited["PYTHONPATH"] = os.pathsep.join(filter(None, [_SOURCES, os.environ.get("PYTHONPATH")]))
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - a program of ours
                command,
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**inherited, **environment},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None as long as it runs."""
        if self._process.returncode is None:
            # Not by Popen.poll, which would throw the CPU time away.
            pid, status, used = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.cpu_s = used.ru_utime + used.ru_stime
                self._process.returncode = os.waitstatus_to_exitcode(status)
        return self._process.returncode

    @property
    def running(self) -> bool:
        return self.status is None

    def check(self) -> None:
        """Raises ``StackError`` with the last line of its log if it has ended."""
        if not self.running:
            raise StackError(f"{self.log.stem} ended with status {self.status}: {last_lines(self.log, 1)}")

    def signal(self, number: signal.Signals) -> None:
        """Nothing where it has ended."""
        if self.running:
            os.kill(self.pid, number)

    def wait(self, timeout_s: float) -> int:
        """Block until it has ended; its exit status. Raises ``StackError`` where it doesn't end within the time."""
        deadline = time.monotonic() + timeout_s
        while (status := self.status) is None:
            if time.monotonic() > deadline:
                raise StackError(f"{self.log.stem} did not end within {timeout_s:g} s: {last_lines(self.log, 1)}")
            time.sleep(_POLL_S)
        return status

    def end(self) -> float:
        """SIGTERM, and wait; its CPU seconds. Raises ``StackError`` where it fails or doesn't end."""
        self.signal(signal.SIGTERM)
        if self.wait(END_TIMEOUT_S):
            self.check()
        return self.cpu_s

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait(_KILL_TIMEOUT_S)
