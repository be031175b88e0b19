"""Running parts of a worker in a process that goes on afterwards."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Coroutine
from typing import Any

_THREADS = ("compute_", "read_", "write_")
"""How the names of pipelines' threads begin."""


def finish(work: Coroutine[Any, Any, None], timeout_s: float = 30.0) -> None:
    """Runs it on an event loop of its own, and waits until the threads have ended that it left.

    A worker's connections to ClickHouse last as long as its process: here they go together, once no thread holds them.
    """
    asyncio.run(asyncio.wait_for(work, timeout_s))
    for thread in threading.enumerate():
        if thread.name.startswith(_THREADS):
            thread.join(timeout_s)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
