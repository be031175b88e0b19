"""A ``footfall`` process of a test, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deploy.local.child import Child
from streams.http.address import Address
from tests.streams.http.client import ask
from tests.waiting import wait_until

READY_S = 60.0

Start = Callable[..., "Process"]


class Process(Child):
    @property
    def text(self) -> str:
        return self.log.read_text()

    def wait_said(self, pattern: str) -> str:
        """What the pattern's group matched, once it did."""

        def said_or_gone() -> bool:
            assert self.running, self.text
            return re.search(pattern, self.text) is not None

        wait_until(said_or_gone, READY_S, f"it says {pattern}")
        found = re.search(pattern, self.text)
        assert found is not None
        return found[1]

    def wait_serving(self) -> Address:
        return Address("127.0.0.1", int(self.wait_said(r"HTTP on 127\.0\.0\.1, port (\d+)")))


def wait_state(at: Address, path: str, status: str) -> None:
    wait_until(lambda: ask(at, "GET", path)[1] == {"status": status}, READY_S, f"{path} says {status}")


@contextmanager
def killed_at_the_end() -> Iterator[list[Process]]:
    """For processes that are added to it."""
    processes: list[Process] = []
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
