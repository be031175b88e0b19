"""How far event time has come."""

from __future__ import annotations

from schemas.topics import BEHAVIOUR
from streams.clickhouse.reader import Reader

ASLEEP_MS = 7 * 86_400_000
"""A partition this far behind the latest gets no events, and isn't waited for."""

_LATEST = """
SELECT max(max_ts_ms) AS at_ms FROM ledger WHERE topic IN %(topics)s GROUP BY partition HAVING at_ms > 0
"""


def watermark_ms(reader: Reader) -> int:
    """The latest event time that all partitions have come to, but those asleep; 0 before the first event."""
    latest = [at_ms for (at_ms,) in reader.query(_LATEST, {"topics": BEHAVIOUR})]
    return min((at_ms for at_ms in latest if at_ms > max(latest) - ASLEEP_MS), default=0)
