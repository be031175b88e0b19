"""How Kafka and ClickHouse answer this process: outages, retries, rows; counted for all of its connections."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streams.metrics.exposition import Found


class Service:
    """Thread-safe.

    Attributes
    ----------
    answered_at
        When it last answered, by ``time.monotonic()``; at first when this was made.
    outages
        How often somebody began to wait for it while nobody did.
    """

    def __init__(self) -> None:
        self.answered_at = time.monotonic()
        self.outages = 0
        self.retries: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._waiting = 0

    @property
    def is_out(self) -> bool:
        """Whether anybody waits for it."""
        return self._waiting > 0

    def wait(self) -> None:
        """Somebody begins to wait for it; :meth:`wait_no_more` must follow."""
        with self._lock:
            self.outages += not self._waiting
            self._waiting += 1

    def wait_no_more(self) -> None:
        with self._lock:
            self._waiting -= 1

    def answered(self) -> None:
        self.answered_at = time.monotonic()

    def took(self, table: str, n_rows: int) -> None:
        with self._lock:
            self.rows[table] += n_rows

    @contextmanager
    def asked(self, operation: str) -> Iterator[Callable[[], None]]:
        """Around an operation; gives what to call before each further attempt. An end without an error is an answer."""
        waits = False

        def again() -> None:
            nonlocal waits
            if not waits:
                self.wait()
            waits = True
            with self._lock:
                self.retries[operation] += 1

        try:
            yield again
            self.answered()
        finally:
            if waits:
                self.wait_no_more()


KAFKA = Service()
CLICKHOUSE = Service()


def unanswering() -> str:
    """Who is waited for, in words; empty while both answer."""
    if CLICKHOUSE.is_out:
        return "ClickHouse doesn't answer"
    return "Kafka doesn't answer" if KAFKA.is_out else ""


def collect() -> Iterator[Found]:
    """As ``names.SERVICES`` declares them."""
    both = {("kafka",): KAFKA, ("clickhouse",): CLICKHOUSE}
    yield "footfall_service_out", {name: one.is_out for name, one in both.items()}
    yield "footfall_service_outages", {name: one.outages for name, one in both.items()}
    yield "footfall_clickhouse_retries", {(operation,): n for operation, n in CLICKHOUSE.retries.copy().items()}
    yield "footfall_clickhouse_rows", {(table,): n for table, n in CLICKHOUSE.rows.copy().items()}
