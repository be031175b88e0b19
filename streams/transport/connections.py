"""Connections of aiokafka's that end cleanly, in place of its own.

On uvloop, writing to a connection that has just been lost raises ``RuntimeError``, which aiokafka takes for a fault of
the program: it ends the task that keeps the cluster's metadata, and with it, unseen, all commits and heartbeats. And a
connection that is replaced before its own task has read of its end leaves whoever waits for an answer waiting.
"""

from __future__ import annotations

from typing import Any

import aiokafka.conn
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError


class Connection(AIOKafkaConnection):  # type: ignore[misc]
    """Raises ``KafkaConnectionError`` wherever it is found to have ended, to everyone who waits for an answer, too."""

    def send(self, request: Any, expect_response: bool = True) -> Any:
        try:
            return super().send(request, expect_response)
        except RuntimeError as error:
            self.close(CloseReason.CONNECTION_BROKEN, error)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error

    def connected(self) -> bool:
        connected: bool = super().connected()
        if not connected and self._reader is not None and not self._loop.is_closed():
            self.close(CloseReason.CONNECTION_BROKEN)
        return connected


def use_clean_connections() -> None:
    """Have all of aiokafka's clients make connections of this kind from now on."""
    aiokafka.conn.AIOKafkaConnection = Connection
