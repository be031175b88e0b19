"""Worker processes: started, killed, paused and asked to leave."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from deploy.local.process import last_lines
from deploy.local.workers import WorkerProcess
from streams.settings import Settings
from tests.waiting import wait_until

READY_TIMEOUT_S = 120.0
LEAVE_TIMEOUT_S = 60.0
LOG_TAIL = 60


class Worker(WorkerProcess):
    waited_for = False
    """Whether its end was what the test wanted."""

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def assignments(self) -> list[str]:
        """What it was assigned, in the words of its log."""
        return re.findall(r"\bassigned (.*)", self.text)

    def wait_assigned(self) -> None:
        def assigned_or_gone() -> bool:
            assert self.running, f"{self.name} ended by itself:\n{self.text}"
            return bool(self.assignments)

        wait_until(assigned_or_gone, READY_TIMEOUT_S, f"{self.name} has partitions")

    def wait_paused(self) -> None:
        """Until it has stopped itself."""
        stopped = psutil.Process(self.pid)
        wait_until(lambda: stopped.status() == psutil.STATUS_STOPPED, READY_TIMEOUT_S, f"{self.name} stands still")

    def wait(self, timeout_s: float) -> int:
        status = super().wait(timeout_s)
        self.waited_for = True
        return status

    @contextmanager
    def paused(self) -> Iterator[None]:
        """SIGSTOP, and SIGCONT at the end."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def leave(self) -> float:
        """SIGTERM; the seconds until it was gone."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        status = self.wait(LEAVE_TIMEOUT_S)
        assert status == 0, f"{self.name} was asked to leave and ended with {status}:\n{self.tail()}"
        return time.monotonic() - began

    def tail(self, lines: int = LOG_TAIL) -> str:
        return last_lines(self.log, lines)


@dataclass
class Fleet:
    """All workers of a test, the dead included. A context manager that leaves none behind."""

    settings: Settings
    folder: Path
    workers: list[Worker] = field(default_factory=list)

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.kill()

    @property
    def running(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.running]

    def start(self, *, at: str = "", published: bool = False, **changes: Any) -> Worker:
        """A new worker, with changes of its settings; doesn't wait for it. The rest is ``worker_process``'s."""
        name = f"w{len(self.workers) + 1}"
        arguments = ["--at", *at.split()] if at else []
        arguments += ["--published"] if published else []
        command = [sys.executable, str(Path(__file__).with_name("worker_process.py")), *arguments, "--"]
        settings = replace(self.settings, **changes).to_env()
        self.workers.append(Worker(name, settings, self.folder, command=command))
        return self.workers[-1]

    def leave(self) -> list[float]:
        """All that run leave at once, once each has been assigned partitions or none; the seconds that each took."""
        leaving = self.running
        for worker in leaving:
            worker.wait_assigned()
        began = time.monotonic()
        for worker in leaving:
            worker.signal(signal.SIGTERM)
        took = []
        for worker in leaving:
            status = worker.wait(LEAVE_TIMEOUT_S)
            took.append(time.monotonic() - began)
            assert status == 0, f"{worker.name} was asked to leave and ended with {status}:\n{worker.tail()}"
        return took

    def problems(self) -> list[str]:
        """Workers that ended though nobody wanted them to, and what an operator shouldn't have to read."""
        found = []
        for worker in self.workers:
            if not worker.running and not worker.waited_for:
                found.append(f"{worker.name} ended by itself with {worker.status}")
            if "Traceback (most recent call last)" in worker.text:
                found.append(f"{worker.name} printed a stack trace")
        return found

    def logs(self) -> str:
        return "\n".join(f"--- {worker.name}\n{worker.tail()}" for worker in self.workers)
