"""The frauds that labels have told, counted linearly, and whether the risks that workers score with say the same."""

from __future__ import annotations

from models.partition import INSTRUMENTS
from streams.clickhouse.reader import Reader
from streams.settings import Settings

_LINEAR = """
SELECT named, count() FROM (
    SELECT user_id, target AS event_id FROM labels FINAL GROUP BY user_id, target
    HAVING argMax(verdict, (ts, event_id)) = 'fraud'
) AS frauds
INNER JOIN (SELECT user_id, event_id, {kind} AS named FROM events FINAL WHERE type = 'purchase') AS purchases
USING (user_id, event_id)
WHERE named != ''
GROUP BY named
"""

_TOLD = "SELECT id, frauds FROM risks FINAL WHERE kind_name = %(kind)s AND frauds != 0"


def frauds_untold(settings: Settings) -> list[str]:
    """In words; empty where all labels are told. Someone has to lead meanwhile."""
    reader = Reader(settings)
    try:
        found = []
        for kind in INSTRUMENTS:
            linear = set(reader.query(_LINEAR.format(kind=kind)))
            told = set(reader.query(_TOLD, {"kind": kind}))
            assert linear, f"no {kind} has a fraud, so nothing is known of their risks"
            if linear != told:
                found.append(f"frauds by {kind}: {sorted(linear - told)} are told as {sorted(told - linear)}")
        return found
    finally:
        reader.close()
