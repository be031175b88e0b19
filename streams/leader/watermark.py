"""How far event time has come."""

from __future__ import annotations

from streams.clickhouse.ledger import latest_event_ms
from streams.clickhouse.reader import Reader

ASLEEP_MS = 7 * 86_400_000
"""A partition this far behind the latest gets no events, and isn't waited for."""


def watermark_ms(reader: Reader) -> int:
    """The latest event time that all partitions have come to, but those asleep; 0 before the first event."""
    latest = [at_ms for at_ms in latest_event_ms(reader).values() if at_ms]
    return min((at_ms for at_ms in latest if at_ms > max(latest) - ASLEEP_MS), default=0)
