"""Who came to a segment and who went since a time: the difference of then and now, whatever happened in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from schemas.segments.definition import Segment
from streams.clickhouse.reader import Reader

_DIFFERENT = """
SELECT user_id, if(is = 'enter', 'entered', 'left'), reason, since_ms, held_out FROM (
    SELECT user_id,
        argMaxIf(change, number, at_ms <= %(since_ms)s) AS was,
        argMax(change, number) AS is,
        argMax(reason, number) AS reason,
        argMax(at_ms, number) AS since_ms,
        argMax(held_out, number) AS held_out
    FROM segment_changes WHERE segment = %(segment)s GROUP BY user_id
)
WHERE (was = 'enter') != (is = 'enter') ORDER BY since_ms, user_id
"""


class Different(NamedTuple):
    user_id: str
    change: str
    """``entered`` or ``left``."""
    reason: str
    at_ms: int
    """Event time of the latest change."""
    held_out: int


def differences(reader: Reader, segment: Segment, since_ms: int) -> Sequence[Different]:
    """As of the last round, in the order of the latest changes."""
    rows = reader.query(_DIFFERENT, {"segment": segment.name, "since_ms": since_ms})
    return [Different(*row) for row in rows]
