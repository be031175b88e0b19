"""How likely a shopper falls silent, and why."""

from __future__ import annotations

import msgspec

from streams.clickhouse.reader import Reader

_LATEST = """
SELECT as_of_ms, churn_score, churn_long_score, churn_version, reason_texts, reason_contributions
FROM shopper_scores FINAL WHERE user_id = %(user_id)s AND churn_state = 2 LIMIT 1
"""


class Churn(msgspec.Struct, frozen=True, kw_only=True):
    as_of_ms: int
    """Event time."""
    score: float
    """Probability of silence for the horizon."""
    long_score: float
    """For the longer horizon; not a number while its model warms up."""
    version: str
    reasons: list[str]
    """In words, the strongest first."""
    contributions: list[float]
    """Of the reasons, to the log-odds."""


def churn(reader: Reader, user_id: str) -> Churn | None:
    """None where the shopper has no score yet."""
    rows = reader.query(_LATEST, {"user_id": user_id})
    return Churn(**dict(zip(Churn.__struct_fields__, rows[0], strict=True))) if rows else None
