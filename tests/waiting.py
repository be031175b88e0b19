"""Waiting for what happens elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

POLL_S = 0.02


def wait_until(true: Callable[[], Any], timeout_s: float, what: str) -> None:
    """Blocks until the condition holds; fails with ``what`` after the time."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"after {timeout_s:g} s still not so: {what}"
        time.sleep(POLL_S)
