"""How long rows are kept: by time to live, in ClickHouse's words, of the tables whose rows may go.

Of a table with a time to live, expired rows go whenever ClickHouse merges the parts that they are in, so in any order.
Only rows that nothing looks at any more may expire, then, and whose copies expire together. Those of the tables that
aren't here are kept for ever:

- ``profiles``, ``shopper_scores``, ``risks``, ``segment_members``: the state as it is now. Of a row that expires an
  earlier version may be left, and would be taken for the latest.
- ``ledger``, ``assignments``, ``sweeps``, ``segment_rounds``: what was done. Without them it would be done again.
- ``labels``, ``learnt``: of several labels the last counts, and what is learnt is not learnt again.
- ``segment_changes``: who was a member at a time follows from all changes before it.
- ``models`` and what was decided and measured about them, and ``retentions``: small, and about nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from schemas.risks import MEMORY_MS

DAY_MS: Final = 86_400_000

CERTAINTY_MS: Final = 3_600_000
"""Before its time a row counts as gone by so much: clocks differ, and an audit takes its time."""


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """Of the rows of one table."""

    table: str
    since: str
    """SQL for the time from which their days count, as ClickHouse itself writes it."""
    setting: str
    """How many days."""

    def ttl(self, days: int) -> str:
        """As ClickHouse writes it; empty for no time to live."""
        return f"{self.since} + toIntervalDay({days})" if days else ""


EXPIRIES: Final = (
    Expiry(table="events", since="toDateTime(ts)", setting="retention_events_days"),
    Expiry(table="review_scores", since="toDateTime(ts)", setting="retention_events_days"),
    Expiry(table="scored_reviews", since="toDateTime(ts)", setting="retention_events_days"),
    Expiry(table="predictions", since="toDateTime(intDiv(due_ms, 1000))", setting="retention_scores_days"),
    Expiry(table="alerts", since="toDateTime(ts)", setting="retention_alerts_days"),
    Expiry(table="system_alerts", since="toDateTime(intDiv(raised_ms, 1000))", setting="retention_alerts_days"),
    Expiry(table="dead_letters", since="toDateTime(intDiv(written_ms, 1000))", setting="retention_dead_letters_days"),
)

LEAST_DAYS: Final = {
    "retention_events_days": (MEMORY_MS // DAY_MS + 7, "risks are counted of purchases that old"),
    "retention_scores_days": (90, "thresholds are set by scores that old"),
    "retention_alerts_days": (365, "a shopper who was told of so long ago would be told of again"),
}
"""By setting the fewest days, where there is a least, and what looks back as far."""

AFTER_SCORES_DAYS: Final = 30
"""By so much alerts outlive the predictions: a label may be about an alert, and would be another without it."""

AFTER_HORIZON_DAYS: Final = 7
"""By so much events outlive the horizon within which they tell that a shopper came back."""


class Kept(NamedTuple):
    """From ``since_ms`` on rows were kept for ``days``, 0 for ever."""

    since_ms: int
    days: int


def gone_before(periods: Iterable[Kept], now_ms: int) -> int:
    """The time before which rows may have expired, in Unix ms; 0 where none ever did.

    >>> gone_before([Kept(0, 0), Kept(100 * DAY_MS, 30), Kept(110 * DAY_MS, 0)], 500 * DAY_MS) / DAY_MS
    80.0
    """
    ordered = sorted(periods)
    ends = [*(period.since_ms for period in ordered[1:]), now_ms]
    return max((end - kept.days * DAY_MS for kept, end in zip(ordered, ends, strict=False) if kept.days), default=0)
