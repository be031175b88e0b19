"""How far event time has come, in SQL: what now is, for all that looks at shoppers as of now."""

from __future__ import annotations

from schemas.topics import BEHAVIOUR

ASLEEP_MS = 7 * 86_400_000
"""A partition this far behind the latest gets no events, and isn't waited for."""

_TOPICS = ", ".join(f"'{topic}'" for topic in BEHAVIOUR)

CLOCK_SQL = f"""
SELECT minIf(at_ms, at_ms > latest_ms - {ASLEEP_MS}) AS now_ms
FROM (
    SELECT at_ms, max(at_ms) OVER () AS latest_ms
    FROM (SELECT max(max_ts_ms) AS at_ms FROM ledger WHERE topic IN ({_TOPICS}) GROUP BY partition)
    WHERE at_ms > 0
)
"""  # noqa: S608 - constants
"""A SELECT of ``now_ms``: the latest event time that all partitions have come to, but those asleep; 0 before the first
event."""
