"""Worker processes: started, killed, paused and asked to leave."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from deploy.local.fleet import Fleet as LocalFleet
from deploy.local.workers import WorkerProcess
from streams.settings import Settings
from tests.waiting import wait_until

READY_TIMEOUT_S = 120.0
LEAVE_TIMEOUT_S = 60.0


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


class Fleet(LocalFleet[Worker]):
    """Of a test."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__()
        self.settings = settings
        self.folder = folder

    def start(self, *, at: str = "", published: bool = False, **changes: Any) -> Worker:
        """A new worker, with changes of its settings; doesn't wait for it. The rest is ``worker_process``'s."""
        name = f"w{len(self.workers) + 1}"
        arguments = ["--at", *at.split()] if at else []
        arguments += ["--published"] if published else []
        command = [sys.executable, str(Path(__file__).with_name("worker_process.py")), *arguments, "--"]
        settings = replace(self.settings, **changes).to_env()
        self.workers.append(Worker(name, settings, self.folder, command=command))
        return self.workers[-1]

    def leave(self, timeout_s: float = LEAVE_TIMEOUT_S) -> list[float]:
        """Once each has been assigned partitions or none."""
        for worker in self.running:
            worker.wait_assigned()
        return super().leave(timeout_s)

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
