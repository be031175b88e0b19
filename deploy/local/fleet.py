"""All workers of a run, the dead included."""

from __future__ import annotations

import signal
import time
from types import TracebackType
from typing import Generic, Self, TypeVar

from deploy.local.child import END_TIMEOUT_S
from deploy.local.exceptions import StackError
from deploy.local.workers import WorkerProcess

W = TypeVar("W", bound=WorkerProcess)


class Fleet(Generic[W]):
    """A context manager that leaves none of its ``workers`` behind. Whoever starts one adds it."""

    def __init__(self) -> None:
        self.workers: list[W] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def running(self) -> list[W]:
        return [worker for worker in self.workers if worker.running]

    def kill(self) -> None:
        """SIGKILL to all, and wait until they are gone."""
        for worker in self.workers:
            worker.kill()

    def leave(self, timeout_s: float = END_TIMEOUT_S) -> list[float]:
        """SIGTERM to all that run at once; the seconds that each took. Raises ``StackError`` where one fails or
        doesn't end."""
        leaving = self.running
        began = time.monotonic()
        for worker in leaving:
            worker.signal(signal.SIGTERM)
        took = []
        for worker in leaving:
            status = worker.wait(timeout_s)
            took.append(time.monotonic() - began)
            if status:
                raise StackError(f"{worker.name} was asked to leave and ended with {status}:\n{worker.tail()}")
        return took
