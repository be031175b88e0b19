"""What ClickHouse says after the demo."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from models.catalogue import CHURN
from models.features.sets import from_bytes
from models.scoring import Scorer
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore

RISKIEST = 5
AT_RISK = 0.4
GONE_DAYS = 90

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


@dataclass(frozen=True, kw_only=True)
class RiskyCustomer:
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


@dataclass(frozen=True, kw_only=True)
class Figures:
    profiles: dict[str, int]
    tables: dict[str, int]
    alerts: dict[str, int]
    """That were sent, by kind."""
    suppressed: int
    months: list[Month]
    churn: ChurnQuality
    riskiest: list[RiskyCustomer]


def figures(settings: Settings) -> Figures:
    """Blocks. Raises as ``Reader`` does."""
    reader = Reader(settings)
    try:
        loaded = SnapshotStore(settings, reader, Writer(settings)).latest(CHURN)
        scorer = Scorer(CHURN, loaded, warm_up_examples=settings.warm_up_examples)
        return Figures(
            profiles=dict(reader.query("SELECT kind_name, count() FROM profiles FINAL GROUP BY ALL ORDER BY 2 DESC")),
            tables={
                table: reader.query(f"SELECT count() FROM {table} FINAL")[0][0]  # noqa: S608 - our own names
                for table in ("events", "profiles", "predictions", "alerts", "dead_letters")
            },
            alerts=dict(reader.query("SELECT kind, count() FROM alerts FINAL WHERE suppressed_by = '' GROUP BY kind")),
            suppressed=reader.query("SELECT count() FROM alerts FINAL WHERE suppressed_by != ''")[0][0],
            months=_months(reader),
            churn=_churn_quality(loaded.snapshot.metrics if loaded else {}, loaded.snapshot if loaded else None),
            riskiest=_riskiest(reader, scorer),
        )
    finally:
        reader.close()


def _months(reader: Reader) -> list[Month]:
    names = [field.name for field in fields(Month)]
    return [Month(**dict(zip(names, row, strict=True))) for row in reader.query(_MONTHS)]


def _churn_quality(metrics: Any, snapshot: Any) -> ChurnQuality:
    return ChurnQuality(
        version=snapshot.version if snapshot else "",
        learnt=snapshot.examples if snapshot else 0,
        judged=metrics.get("scored", 0),
        churned=metrics.get("scored_positives", 0),
        roc_auc=metrics.get("roc_auc"),
        brier=metrics.get("brier"),
    )


def _riskiest(reader: Reader, scorer: Scorer) -> list[RiskyCustomer]:
    """Shoppers by what may be lost: their spending times their churn probability, as of their last day. Those who have
    gone for longer than ``GONE_DAYS`` are lost already."""
    found = reader.columns(
        """
        SELECT user_id, spent, orders, toFloat64(score) AS churn, formatDateTime(last_at, '%%d %%b %%Y') AS last_day,
               features_f32
        FROM (
            SELECT user_id, argMax(score, ts_ms) AS score, argMax(features_f32, ts_ms) AS features_f32
            FROM predictions FINAL WHERE kind = 'churn' AND model = %(model)s AND state = 2 GROUP BY user_id
        ) AS latest
        INNER JOIN (
            SELECT id AS user_id, total_spent AS spent, toUInt32(total_purchases) AS orders, last_at
            FROM profiles FINAL
            WHERE kind = 0 AND last_at > (SELECT max(ts) FROM events) - INTERVAL %(gone_days)s DAY
        ) AS shopper USING user_id
        WHERE churn >= %(at_risk)s
        ORDER BY spent * churn DESC LIMIT %(limit)s
        """,
        {"model": CHURN.name, "limit": RISKIEST, "gone_days": GONE_DAYS, "at_risk": AT_RISK},
        raw=("features_f32",),
    )
    if not found or not len(found["user_id"]):
        return []
    reasons = scorer.explain(from_bytes(found["features_f32"], CHURN.features))
    return [
        RiskyCustomer(
            user_id=found["user_id"][row],
            spent=float(found["spent"][row]),
            orders=int(found["orders"][row]),
            churn=float(np.round(found["churn"][row], 4)),
            last_day=found["last_day"][row],
            reasons=[reason.text for reason in reasons[row]],
        )
        for row in range(len(found["user_id"]))
    ]
