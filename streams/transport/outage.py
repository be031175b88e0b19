"""Whether the brokers answer: short outages pass, long ones stop the worker."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from aiokafka.client import CoordinationType
from aiokafka.errors import KafkaError

from streams.errors import Fatal
from streams.metrics.services import KAFKA
from streams.settings import Settings

PROBE_INTERVAL_S = 2.0
PROBE_TIMEOUT_S = 5.0
"""A broker that is this slow in saying who coordinates the group counts as away."""

log = logging.getLogger(__name__)


class OutageWatch:
    """Asks for the group's coordinator every now and then, a request of some 50 bytes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.interval_s = min(PROBE_INTERVAL_S, settings.outage_deadline_s / 4)
        self._timeout_s = min(PROBE_TIMEOUT_S, settings.outage_deadline_s / 2)
        self._answered_at = time.monotonic()
        self._out = False

    async def ask(self, consumer: Any) -> Exception | None:
        """Why there was no answer, if so. Raises what ended aiokafka's own tasks."""
        consumer._coordinator.check_errors()
        keeps_metadata = consumer._client._sync_task
        if keeps_metadata.done():
            keeps_metadata.result()
        try:
            lookup = consumer._client.coordinator_lookup(CoordinationType.GROUP, self._settings.group)
            await asyncio.wait_for(lookup, self._timeout_s)
        except (KafkaError, OSError, TimeoutError) as error:
            return error
        return None

    def note(self, error: Exception | None) -> None:
        """Take in what :meth:`ask` returned. Raises ``Fatal`` once the outage is longer than its deadline."""
        if error is None:
            self._on_answer()
        else:
            self._on_silence(error)

    def _on_answer(self) -> None:
        now = time.monotonic()
        if self._out:
            KAFKA.wait_no_more()
            log.warning("Kafka answers again after %.0f s", now - self._answered_at)
        KAFKA.answered()
        self._out, self._answered_at = False, now

    def _on_silence(self, error: Exception) -> None:
        silent_s = time.monotonic() - self._answered_at
        deadline_s = self._settings.outage_deadline_s
        if silent_s > deadline_s:
            raise Fatal(f"Kafka at {self._settings.kafka} has not answered for {silent_s:.0f} s") from error
        if not self._out:
            KAFKA.wait()
            log.warning("Kafka at %s doesn't answer; the worker waits for %g s", self._settings.kafka, deadline_s)
        self._out = True
