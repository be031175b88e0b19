"""Where a worker's CPU time goes, by stage and thread."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil


class Costs:
    """CPU seconds of the stages that ran through :meth:`stage`, each on the thread it ran on; and counts."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._threads: defaultdict[str, float] = defaultdict(float)
        self.counts: Counter[str] = Counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the calling thread's CPU time. Each name belongs to one thread."""
        start = time.thread_time()
        try:
            yield
        finally:
            self._seconds[name] += time.thread_time() - start

    @property
    def stages_s(self) -> dict[str, float]:
        """A copy, for any thread."""
        return dict(self._seconds)

    def note_threads(self) -> None:
        """Takes each thread's CPU time, which is gone once the thread has ended."""
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        self._threads.clear()
        for thread in psutil.Process().threads():
            self._threads[names.get(thread.id, "other")] += thread.user_time + thread.system_time

    def report(self) -> dict[str, Any]:
        """CPU seconds of the stages, of each thread when they were noted, and of the whole process; counts."""
        process = psutil.Process()
        whole = process.cpu_times()
        return {
            "cpu_s": whole.user + whole.system,
            "rss_bytes": process.memory_info().rss,
            "stages_s": self._seconds,
            "threads_s": self._threads,
            **self.counts,
        }
