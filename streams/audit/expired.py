"""Whether the events still reach back to the first."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.tables import ROW_TABLES
from schemas.topics import BEHAVIOUR
from streams.audit.kept import kept_rows
from streams.clickhouse.ledger import read_tilings
from streams.clickhouse.reader import Reader
from streams.clickhouse.retention import gone
from streams.errors import Fatal


def check_all_kept(reader: Reader, consequence: str) -> None:
    """Raises ``Fatal`` where profiles contain events that may have expired; it ends with the ``consequence``."""
    before_ms = gone(reader)
    if not before_ms:
        return
    found = [
        (kept_rows(tiling, before_ms.get(ROW_TABLES[topic], 0)).left_out, before_ms.get(ROW_TABLES[topic], 0))
        for (topic, _), tiling in read_tilings(reader).items()
        if topic in BEHAVIOUR
    ]
    lost = sum(left_out for left_out, _ in found)
    if lost:
        day = datetime.fromtimestamp(max(before for _, before in found) / 1000, UTC).date()
        raise Fatal(f"Events before {day} have expired: of up to {lost} that the profiles contain {consequence}")
