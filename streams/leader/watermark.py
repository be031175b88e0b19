"""How far event time has come."""

from __future__ import annotations

from schemas.event_clock import CLOCK_SQL
from streams.clickhouse.reader import Reader


def watermark_ms(reader: Reader) -> int:
    """The latest event time that all partitions have come to, but those asleep; 0 before the first event."""
    return int(reader.query(CLOCK_SQL)[0][0])
