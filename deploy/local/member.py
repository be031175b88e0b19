"""One server of the stack, and what may be done to it. Tests of faults use `kill`, `stop`, `cont` and `restart`."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from deploy.local.exceptions import NotReady, PortTaken
from deploy.local.ports import is_free
from deploy.local.process import Spawned, last_lines, spawn
from deploy.local.service import Service
from deploy.local.state import Name

# Apache Kafka is writable 4 s after its start on two idle cores; this is for busy ones.
READY_TIMEOUT_S = 60.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStatus:
    name: Name
    kind: str
    state: Literal["up", "silent", "paused", "down"]  # silent: it runs, but doesn't answer
    pid: int | None
    ports: tuple[int, ...]
    log: Path


class Member:
    """Args:
    remember: is told of each process that is started, before it is waited for.
    """

    def __init__(
        self, name: Name, service: Service, log: Path, process: Spawned | None, remember: Callable[[Spawned], None]
    ) -> None:
        self.name = name
        self.log = log
        self._service = service
        self._process = process
        self._remember = remember

    @property
    def pid(self) -> int | None:
        """The process's number, None if it doesn't run."""
        return self._process.pid if self._process and self.running else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.find() is not None

    def start(self) -> None:
        """Start it on its ports and its data. `wait_ready` must follow.

        Raises:
            PortTaken: another program listens on one of its ports.
        """
        if self.running:
            return
        taken = [port for port in self._service.ports if not is_free(port)]
        if taken:
            raise PortTaken(f"another program listens on port {taken[0]}, where the {self.name} belongs")
        self._service.prepare()
        self._process = spawn(self._service.command(), self.log, self._service.environment())
        self._remember(self._process)

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Block until it answers.

        Raises:
            NotReady: it died, or the time is over.
        """
        deadline = time.monotonic() + timeout_s
        while not self._service.answers():
            if not self.running:
                raise NotReady(f"the {self.name} died:\n{last_lines(self.log)}")
            if time.monotonic() > deadline:
                text = f"the {self.name} doesn't answer after {timeout_s:.0f} s:"
                raise NotReady(f"{text}\n{last_lines(self.log)}")
            time.sleep(_POLL_S)

    def end(self) -> None:
        """Ask it to stop, and wait."""
        if self._process:
            self._process.end()

    def kill(self) -> None:
        """SIGKILL it, and wait until it is gone."""
        if self._process:
            self._process.kill()

    def stop(self) -> None:
        """Pause it (SIGSTOP): its connections stay open and nothing answers."""
        if self._process:
            self._process.pause()

    def cont(self) -> None:
        """Let a paused one go on (SIGCONT)."""
        if self._process:
            self._process.signal(signal.SIGCONT)

    def restart(self) -> None:
        """Start it again on the same ports and data, ending it first if it runs, and wait until it answers."""
        self.end()
        self.start()
        self.wait_ready()

    def status(self) -> MemberStatus:
        return MemberStatus(
            name=self.name,
            kind=self._service.kind,
            state=self._state(),
            pid=self.pid,
            ports=self._service.ports,
            log=self.log,
        )

    def _state(self) -> Literal["up", "silent", "paused", "down"]:
        process = self._process.find() if self._process else None
        if process is None:
            return "down"
        if process.status() == psutil.STATUS_STOPPED:
            return "paused"
        return "up" if self._service.answers() else "silent"
