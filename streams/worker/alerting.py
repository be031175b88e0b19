"""Which scores are alerts, and why; which of them are sent, also after a partition was taken over."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.engine import Predictions, ScoredBatch
from models.scoring import SCORED, Scorer, ranked
from models.suppression import MOST_KEYS, Sent, Suppression
from schemas.alerts import COLUMNS, Alert, Kind, alert_id, dedupe_key, from_columns
from schemas.topics import BEHAVIOUR
from streams.clickhouse.reader import Reader
from streams.worker.claims import TopicPartition

_LATEST = """
WITH sent AS (
    SELECT dedupe_key, alert_id, user_id, toUnixTimestamp64Milli(ts) AS at_ms FROM alerts FINAL
    WHERE partition = %(partition)s AND topic IN %(topics)s AND suppressed_by = ''
)
SELECT dedupe_key, max(at_ms), argMax(alert_id, at_ms), any(user_id) FROM sent
WHERE at_ms > (SELECT max(at_ms) FROM sent) - %(window_ms)s
GROUP BY dedupe_key ORDER BY 2 DESC LIMIT %(most)s
"""

_BEYOND = """
SELECT alert_id, suppressed_by FROM alerts FINAL
WHERE topic = %(topic)s AND partition = %(partition)s AND offset > %(after)s
"""


def alerts_of(
    scored: ScoredBatch, scorers: Mapping[str, Scorer], thresholds: Mapping[Kind, float], *, raised_ms: int
) -> list[Alert]:
    """An alert for each prediction of a kind's champion at or above the kind's threshold.

    A champion that warms up raises none, and challengers never do; nor do kinds without a threshold.

    Of churn only predictions that get a label alert, so at most one a shopper and day.
    """
    return [
        alert
        for predictions in scored.predictions
        if predictions.kind in thresholds
        for alert in _alerts(
            scored,
            predictions,
            ranked(scorers, predictions.kind)[0],
            thresholds[predictions.kind],
            raised_ms=raised_ms,
        )
    ]


def _alerts(
    scored: ScoredBatch, predictions: Predictions, champion: Scorer, threshold: float, *, raised_ms: int
) -> list[Alert]:
    scores = scored.scores[predictions.kind]
    state = scores.state[predictions.rows]
    probability = scores.probability[predictions.rows].astype(np.float64)  # or the threshold would be rounded, too
    chosen = np.flatnonzero((state == SCORED) & (probability >= threshold))
    if not len(chosen):
        return []
    events = scored.events
    reasons = champion.explain(predictions.features[chosen])
    return [
        Alert(
            alert_id=alert_id(predictions.kind, events.topic, events.user_id[row], events.event_id[row]),
            dedupe_key=dedupe_key(predictions.kind, events.user_id[row], events.card[row]),
            kind=predictions.kind,
            user_id=events.user_id[row],
            event_id=events.event_id[row],
            topic=events.topic,
            partition=events.partition,
            offset=int(events.offset[row]),
            ts=int(events.ts[row]),
            score=float(scores.probability[row]),
            threshold=threshold,
            version=scores.version,
            order_id=events.order_id[row],
            amount=float(events.amount[row]),
            reasons=why,
            base=champion.base,
            raised_ms=raised_ms,
        )
        for row, why in zip(predictions.rows[chosen].tolist(), reasons, strict=True)
    ]


def undelivered(reader: Reader, key: TopicPartition, *, after: int) -> list[Alert]:
    """The alerts of a topic's partition whose runs aren't in the ledger: whether they were delivered is unknown.

    Those that were suppressed aren't among them."""
    columns = reader.columns(
        f"SELECT {', '.join(COLUMNS)} FROM alerts FINAL "  # noqa: S608 - constants
        "WHERE topic = %(topic)s AND partition = %(partition)s AND offset > %(after)s AND suppressed_by = '' "
        "ORDER BY offset",
        {"topic": key[0], "partition": key[1], "after": after},
    )
    return from_columns(columns)


def suppression(reader: Reader, partition: int, *, after: Mapping[str, int], window_ms: int) -> Suppression:
    """What a new owner of a partition has to know of its alerts.

    Parameters
    ----------
    after
        By behaviour topic, the offset up to which the ledger says that all is done. Alerts beyond it may come again,
        and stay as they were decided; unless they come again they count all the same, since they are sent.
    """
    if not window_ms:
        return Suppression(window_ms)
    params = {"partition": partition, "topics": BEHAVIOUR, "window_ms": window_ms, "most": MOST_KEYS}
    sent = reader.query(_LATEST, params)
    return Suppression(
        window_ms,
        sent=((key, Sent(*one)) for key, *one in sent),
        decided={
            alert: by
            for topic, offset in after.items()
            for alert, by in reader.query(_BEYOND, {"topic": topic, "partition": partition, "after": offset})
        },
    )
