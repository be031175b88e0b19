"""Processes that outlive the command that starts them."""

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

# How long a process may take to end after SIGTERM before it is killed.
END_TIMEOUT_S = 15.0
# How long the kernel may take to remove a killed one.
KILL_TIMEOUT_S = 10.0
_POLL_S = 0.02
# The time of creation is told by the system's clock, which may be set meanwhile.
_CLOCK_STEP_S = 2.0


@dataclass(frozen=True, slots=True)
class Spawned:
    """A process that was started. `created` (seconds since the epoch) tells it from a later one with its number."""

    pid: int
    created: float

    def find(self) -> psutil.Process | None:
        """The process, unless it has ended."""
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)  # if it is our child and has ended, let it go
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created) > _CLOCK_STEP_S:
                return None
            # Its first thread is a zombie as soon as it ends; the others may hold its ports a little longer.
            ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
            return None if ended else process
        except psutil.NoSuchProcess:
            return None

    def signal(self, number: signal.Signals) -> None:
        if process := self.find():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def pause(self) -> None:
        """SIGSTOP, and wait until it stands still."""
        self.signal(signal.SIGSTOP)
        deadline = time.monotonic() + KILL_TIMEOUT_S
        while (process := self.find()) and process.status() != psutil.STATUS_STOPPED:
            if time.monotonic() > deadline:
                return
            time.sleep(_POLL_S)

    def end(self) -> None:
        """Ask it to stop, wait, and kill it if it doesn't."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)  # or a paused one would never see the request
        if not self._gone_within(END_TIMEOUT_S):
            self.kill()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self._gone_within(KILL_TIMEOUT_S)

    def _gone_within(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while self.find():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True


def spawn(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Spawned:
    """Start `command` in a session of its own, its output appended to `log`.

    Not by `subprocess`, whose objects want to be waited for.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawnp(
        command[0],
        list(command),
        {**os.environ, **environment},
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    return Spawned(pid, psutil.Process(pid).create_time())


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for an error message."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return "(it wrote no log)"
    return "\n".join(lines[-count:]) or "(its log is empty)"
