"""What ClickHouse says after a year of real orders: churn by month, who is at risk, and which items fall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from models.catalogue import CHURN
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore

RISKIEST = 5
AT_RISK = 0.4
GONE_DAYS = 90
FALLING = 10
LATELY_DAYS = 90
LEAST_REVIEWS = 3

_MONTHS = """
WITH alerted AS (
    SELECT toStartOfMonth(ts) AS month, count() AS alerts FROM alerts FINAL
    WHERE kind = 'churn' AND suppressed_by = '' GROUP BY month
),
judged AS (
    SELECT toStartOfMonth(day) AS month, sum(n) AS judged, sum(positives) AS churned,
        sumIf(roc_auc * n, NOT isNaN(roc_auc)) / sumIf(n, NOT isNaN(roc_auc)) AS auc, sum(brier * n) / sum(n) AS loss
    FROM model_metrics FINAL WHERE model = 'churn' GROUP BY month
),
lived AS (SELECT toStartOfMonth(ts) AS month, dateDiff('day', min(ts), max(ts)) + 1 AS days FROM events GROUP BY month)
SELECT formatDateTime(month, '%Y-%m') AS month, alerts, alerts / days AS alerts_per_day, judged, churned,
    if(isNaN(auc) OR judged = 0, NULL, auc) AS roc_auc, if(judged = 0, NULL, loss) AS brier
FROM lived LEFT JOIN alerted USING month LEFT JOIN judged USING month
ORDER BY month
"""

_RISKIEST = """
SELECT user_id, total_spent AS spent, toUInt32(total_purchases) AS orders, toFloat64(churn_score) AS churn,
    formatDateTime(scores.last_at, '%%d %%b %%Y') AS last_day, reason_texts
FROM (SELECT *, reason_texts, last_at FROM shopper_scores FINAL WHERE churn_score >= %(at_risk)s) AS scores
INNER JOIN (SELECT id AS user_id, total_spent, total_purchases FROM profiles FINAL WHERE kind_name = 'user') AS shoppers
USING user_id
WHERE scores.last_at > (SELECT max(ts) FROM events) - INTERVAL %(gone_days)s DAY
ORDER BY spent * churn DESC LIMIT %(limit)s
"""
"""By what may be lost: their spending times their churn probability. Who has gone for longer is lost already."""

_FALLING = """
WITH (SELECT max(ts) FROM review_scores) - INTERVAL %(days)s DAY AS since
SELECT item, toUInt32(countIf(ts < since)) AS n_before, avgIf(sentiment, ts < since) AS before,
    toUInt32(countIf(ts >= since)) AS n_lately, avgIf(sentiment, ts >= since) AS lately
FROM review_scores FINAL GROUP BY item HAVING n_before >= %(least)s AND n_lately >= %(least)s
ORDER BY lately - before LIMIT %(limit)s
"""


class FallingItem(NamedTuple):
    """Its reviews' mean sentiment, from -1 to 1, and their number, before the last days and in them."""

    item: str
    n_before: int
    before: float
    n_lately: int
    lately: float


class RiskyCustomer(NamedTuple):
    user_id: str
    spent: float
    orders: int
    churn: float
    last_day: str
    reasons: list[str]


@dataclass(frozen=True, kw_only=True)
class ChurnQuality:
    """Of predictions as they were made, once their horizon had passed."""

    version: str
    learnt: int
    judged: int
    churned: int
    roc_auc: float | None
    brier: float | None


@dataclass(frozen=True, kw_only=True)
class Month:
    """Of the shop's time: churn alerts, and how good the scores of its days were by the labels that came for them."""

    month: str
    alerts: int
    alerts_per_day: float
    judged: int
    churned: int
    roc_auc: float | None
    """Within days, which weigh by their scores; None unless a day has both kinds of labels."""
    brier: float | None


def months(reader: Reader) -> list[Month]:
    names = [field.name for field in fields(Month)]
    return [Month(**dict(zip(names, row, strict=True))) for row in reader.query(_MONTHS)]


def churn_quality(settings: Settings, reader: Reader) -> ChurnQuality:
    loaded = SnapshotStore(settings, reader, Writer(settings)).latest(CHURN)
    metrics: Mapping[str, Any] = loaded.snapshot.metrics if loaded else {}
    return ChurnQuality(
        version=loaded.snapshot.version if loaded else "",
        learnt=loaded.snapshot.examples if loaded else 0,
        judged=metrics.get("scored", 0),
        churned=metrics.get("scored_positives", 0),
        roc_auc=metrics.get("roc_auc"),
        brier=metrics.get("brier"),
    )


def riskiest(reader: Reader) -> list[RiskyCustomer]:
    rows = reader.query(_RISKIEST, {"limit": RISKIEST, "gone_days": GONE_DAYS, "at_risk": AT_RISK})
    return [RiskyCustomer(*row) for row in rows]


def falling(reader: Reader) -> list[FallingItem]:
    params = {"days": LATELY_DAYS, "least": LEAST_REVIEWS, "limit": FALLING}
    return [FallingItem(*row) for row in reader.query(_FALLING, params)]
