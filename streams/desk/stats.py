"""What became of alerts, by kind and by the day (UTC, by the clock) on which they were raised."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from schemas.alerts import Kind
from streams.clickhouse.reader import Reader
from streams.desk.standing import standing_sql, terms
from streams.settings import Settings

DAY_MS = 86_400_000

_STATS = """
SELECT kind, toDate(fromUnixTimestamp64Milli(raised_ms, 'UTC')) AS day, count(), countIf(suppressed_by = ''),
    countIf(verdict = 'fraud'), countIf(verdict = 'ok'), countIf(verdict = 'ignore'),
    countIf(verdict = 'churned'), countIf(verdict = 'active'),
    countIf(state = 'open'), countIf(state = 'snoozed'), countIf(state = 'expired'), countIf(escalated_ms > 0),
    countIf(acked_ms >= raised_ms),
    quantilesExactIf(0.5, 0.9)(acked_ms - raised_ms, acked_ms >= raised_ms)
FROM {standing} GROUP BY kind, day ORDER BY day DESC, kind
"""


@dataclass(frozen=True, kw_only=True)
class Day:
    """Of the alerts of one kind that were raised on one day. Verdicts are those that count."""

    kind: Kind
    day: date
    raised: int
    sent: int
    fraud: int
    ok: int
    ignored: int
    churned: int
    active: int
    open: int
    snoozed: int
    expired: int
    escalated: int
    median_to_ack_s: float | None
    """From raised to the first acknowledgement, of those that have one; None for none."""
    p90_to_ack_s: float | None

    @property
    def suppressed(self) -> int:
        return self.raised - self.sent

    @property
    def precision(self) -> float | None:
        """Share of those that were right, of those of which it is known; None for none."""
        # An alert of churn that is acknowledged as ok was dealt with, whether or not the shopper has churned.
        right, wrong = (self.fraud, self.ok) if self.kind == "fraud" else (self.churned, self.active)
        return right / (right + wrong) if right + wrong else None

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "day": self.day.isoformat(), "suppressed": self.suppressed, "precision": self.precision}


_NAMES = (
    "kind",
    "day",
    "raised",
    "sent",
    "fraud",
    "ok",
    "ignored",
    "churned",
    "active",
    "open",
    "snoozed",
    "expired",
    "escalated",
)


def stats(reader: Reader, settings: Settings, *, days: int, now_ms: int) -> list[Day]:
    """Of the last ``days`` days, today included, those with alerts; the latest first. Blocks as a listing does."""
    first_ms = (now_ms // DAY_MS - days + 1) * DAY_MS
    rows = reader.query(
        _STATS.format(standing=standing_sql("raised_ms >= %(first_ms)s")),
        terms(settings, now_ms=now_ms) | {"first_ms": first_ms},
    )
    return [_day(row) for row in rows]


def _day(row: tuple[Any, ...]) -> Day:
    *counts, n_acked, (median_ms, p90_ms) = row
    seconds = (median_ms / 1000, p90_ms / 1000) if n_acked else (None, None)
    return Day(**dict(zip(_NAMES, counts, strict=True)), median_to_ack_s=seconds[0], p90_to_ack_s=seconds[1])
