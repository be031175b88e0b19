"""One thread's connection to ClickHouse, made anew after each fault."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from clickhouse_driver import Client

from streams.clickhouse.connection import address, connect
from streams.clickhouse.faults import EXPECTED, is_retryable, one_line
from streams.errors import Fatal, Retryable
from streams.metrics.services import CLICKHOUSE
from streams.settings import Settings

T = TypeVar("T")

FIRST_WAIT_S = 0.1
MAX_WAIT_S = 5.0
"""Of the exponential backoff: long enough to leave a struggling server alone, short beside the outage's deadline."""

logger = logging.getLogger(__name__)


class Session:
    """Runs one operation at a time for the one thread that uses it.

    Parameters
    ----------
    settings
        Address, timeouts, and ``outage_deadline_s``; 0 for one attempt.
    stop
        Once set, no operation waits for the server to come back.
    """

    def __init__(self, settings: Settings, *, stop: threading.Event | None = None) -> None:
        self._settings = settings
        self._stop = stop or threading.Event()
        self._client: Client | None = None

    def run(self, what: str, operation: Callable[[Client], T]) -> T:
        """Call ``operation`` with a client until it succeeds, and return its result. Blocks.

        ``what`` says in messages what is being done: ``"insert into events"``. After a fault that may pass, the
        operation is called again on a new connection, so it must be one that can be repeated.

        Raises ``Fatal`` for any other fault and when the outage outlasts its deadline, ``Retryable`` when stopped
        while waiting.
        """
        with CLICKHOUSE.asked(what) as again:
            return self._until_done(what, operation, again)

    def _until_done(self, what: str, operation: Callable[[Client], T], again: Callable[[], None]) -> T:
        deadline: float | None = None
        wait_s = FIRST_WAIT_S
        while True:
            client = self._connected()
            try:
                result = operation(client)
            except EXPECTED as error:
                self.close()
                now = time.monotonic()
                if deadline is None:
                    deadline = now + self._settings.outage_deadline_s
                    if now < deadline:
                        logger.warning("%s, %s; trying again", _where(client, what), one_line(error))
                self._judge(error, _where(client, what), out_of_time=now >= deadline)
                again()
                # Jitter spreads the workers that lost the server at the same moment.
                pause_s = min(random.uniform(wait_s / 2, wait_s), deadline - now)  # noqa: S311 - not for secrecy
                if self._stop.wait(pause_s):
                    raise Retryable(f"{_where(client, what)}, stopped while waiting: {one_line(error)}") from None
                wait_s = min(2 * wait_s, MAX_WAIT_S)
            except BaseException:
                self.close()
                raise
            else:
                if deadline is not None:
                    logger.warning("%s, succeeded again", _where(client, what))
                return result

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connect(self._settings)
        return self._client

    def _judge(self, error: Exception, where: str, *, out_of_time: bool) -> None:
        if not is_retryable(error):
            raise Fatal(f"{where}, {one_line(error)}") from None
        if out_of_time:
            tried_s = self._settings.outage_deadline_s
            gave_up = f"gave up after {tried_s:g} s: " if tried_s else ""
            raise Fatal(f"{where}, {gave_up}{one_line(error)}") from None

    def close(self) -> None:
        """Disconnect; the next operation connects again."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()


def _where(client: Client, what: str) -> str:
    return f"ClickHouse at {address(client)}, {what}"
