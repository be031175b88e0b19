"""Every shopper as of a time over again, from raw events: the columns of ``shoppers_now`` by another road.

Neither profiles nor views are asked, and nothing is shared with ``shoppers``, so that the two prove one another. What a
model said of a shopper is given, not proven: churn scores and fraud alerts are taken as they are in their tables.
"""

from __future__ import annotations

from schemas.layout import ABNORMAL_ORDERS, ABNORMAL_RATIO, SCALES_MS

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_FRAUD_DAYS = 90
"""For which alerts and verdicts are remembered."""

_BY_TYPE = {
    "views": "view",
    "clicks": "click",
    "searches": "search",
    "cart_adds": "cart_add",
    "cart_removes": "cart_remove",
    "checkouts": "checkout",
    "purchases": "purchase",
    "returns": "return",
    "reviews": "review",
}
_WORTH = {
    **{measure: f"kind = '{kind}'" for measure, kind in _BY_TYPE.items()},
    "spent": "if(kind = 'purchase', amount, 0)",
    "refunded": "if(kind = 'return', amount, 0)",
    "stars": "if(kind = 'review', rating, 0)",
    "night": f"kind != 'scored' AND ts_ms % {_DAY_MS} < {6 * _HOUR_MS}",
    "cart_units": "multiIf(kind = 'cart_add', quantity, kind IN ('cart_remove', 'purchase'), -quantity, 0)",
    "cart_value": "multiIf(kind = 'cart_add', quantity * price, kind = 'cart_remove', -quantity * price,"
    " kind = 'purchase', -amount, 0)",
    "abnormal": "is_abnormal",
    "scored_reviews": "kind = 'scored'",
    "sentiment": "if(kind = 'scored', sentiment, 0)",
}
"""What an event adds to each decayed sum."""

_TOTALS = {
    "total_events": "countIf(kind != 'scored')",
    "total_purchases": "countIf(kind = 'purchase')",
    "total_returns": "countIf(kind = 'return')",
    "total_spent": "sumIf(amount, kind = 'purchase')",
    "total_spent_squared": "sumIf(amount * amount, kind = 'purchase')",
    "total_refunded": "sumIf(amount, kind = 'return')",
    "total_cart_adds": "countIf(kind = 'cart_add')",
    "total_scored_reviews": "countIf(kind = 'scored')",
    "total_sentiment": "sumIf(sentiment, kind = 'scored')",
    "max_amount": "maxIf(amount, kind = 'purchase')",
    "first_ms": "min(ts_ms)",
    "last_ms": "max(ts_ms)",
    "last_purchase_ms": "maxIf(ts_ms, kind = 'purchase')",
}

_EVENTS = f"""
SELECT user_id, toString(type) AS kind, toUnixTimestamp64Milli(ts) AS ts_ms, price, quantity, amount, rating,
    toFloat64(0) AS sentiment,
    kind = 'purchase' AND count() OVER before >= {ABNORMAL_ORDERS}
        AND amount > {ABNORMAL_RATIO} * avg(amount) OVER before AS is_abnormal
FROM events FINAL
WINDOW before AS (PARTITION BY user_id, type_code ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
UNION ALL
SELECT user_id, 'scored', toUnixTimestamp64Milli(ts), 0, 0, 0, 0, sentiment, 0 FROM scored_reviews FINAL
"""  # noqa: S608 - constants

_CHURN = "SELECT user_id, churn_state, churn_score, reason_1_text FROM shopper_scores FINAL"

_VERDICTS = """
SELECT user_id, purchase, argMax(verdict, (at_ms, label)) AS last, max(at_ms) AS said_ms
FROM (
    SELECT said.user_id AS user_id, toUnixTimestamp64Milli(said.ts) AS at_ms, said.event_id AS label,
        said.verdict AS verdict, if(toString(said.type) = 'alert_ack', raised.event_id, said.target) AS purchase
    FROM (SELECT *, type FROM labels FINAL) AS said
    LEFT ANY JOIN (SELECT user_id, alert_id, event_id FROM alerts FINAL WHERE kind = 'fraud') AS raised
    ON said.user_id = raised.user_id AND said.target = raised.alert_id
    WHERE toString(said.type) IN ('fraud_label', 'alert_ack') AND verdict != 'ignore' AND at_ms > {since}
)
GROUP BY user_id, purchase
"""

_FRAUD = f"""
SELECT user_id, max(at_ms * is_alert) AS fraud_alert_ms, argMax(score, at_ms * is_alert) AS fraud_alert_score,
    max(at_ms * (1 - is_alert)) AS fraud_ms
FROM (
    SELECT user_id, toUnixTimestamp64Milli(ts) AS at_ms, score, 1 AS is_alert FROM alerts FINAL
    LEFT ANTI JOIN (SELECT user_id, purchase FROM ({_VERDICTS}) WHERE last = 'ok') AS fine
    ON alerts.user_id = fine.user_id AND alerts.event_id = fine.purchase
    WHERE kind = 'fraud' AND at_ms > {{since}}
    UNION ALL
    SELECT user_id, said_ms, 0, 0 FROM ({_VERDICTS}) WHERE last = 'fraud'
)
GROUP BY user_id
"""  # noqa: S608 - constants


def raw_shoppers_sql(now_ms: int) -> str:
    """A SELECT of one row a shopper, as of ``now_ms``. It reads all events there are; what isn't asked for of its
    columns isn't computed."""
    totals = ", ".join(f"{sql} AS {name}" for name, sql in _TOTALS.items())
    sums = ", ".join(
        f"sum(({worth}) * exp((ts_ms - {now_ms}) / {scale_ms})) AS sum_{measure}_{scale}"
        for measure, worth in _WORTH.items()
        for scale, scale_ms in SCALES_MS.items()
    )
    decayed = ", ".join(
        f"sum_{measure}_{scale} * exp(({now_ms} - as_of_ms) / {scale_ms}) AS {measure}_{scale}"
        for measure in _WORTH
        for scale, scale_ms in SCALES_MS.items()
    )
    days = ", ".join(
        f"uniqExactIf(intDiv(ts_ms, {_DAY_MS}),"
        f" intDiv({now_ms}, {_DAY_MS}) - intDiv(ts_ms, {_DAY_MS}) BETWEEN {first} AND {last})"
        f" AS days_here_{first}_{last}"
        for first, last in ((0, 1), (0, 6), (2, 31), (7, 31))
    )
    fraud = _FRAUD.format(since=now_ms - _FRAUD_DAYS * _DAY_MS)
    return f"""
SELECT *, {decayed},
    views_1d + 2 * clicks_1d + 2 * searches_1d + 4 * cart_adds_1d + 8 * checkouts_1d AS intent,
    sum_cart_value_7d * exp(({now_ms} - last_ms) / {SCALES_MS["7d"]}) AS cart_left,
    if(total_scored_reviews > 0, total_sentiment / total_scored_reviews, nan) AS mean_sentiment,
    if(scored_reviews_30d > 0, sentiment_30d / scored_reviews_30d, nan) AS recent_sentiment
FROM (
    SELECT acted.user_id AS user_id, acted.* EXCEPT user_id,
        {now_ms} AS now_ms, greatest(now_ms, last_ms) AS as_of_ms, as_of_ms - last_ms AS age_ms,
        age_ms / {_HOUR_MS} AS hours_since_last,
        greatest(now_ms - first_ms, 0) / {_DAY_MS} AS days_since_first,
        if(last_purchase_ms > 0, greatest(now_ms - last_purchase_ms, 0) / {_DAY_MS}, inf) AS days_since_purchase,
        if(scored.churn_state = 2, scored.churn_score, nan) AS churn_score, scored.reason_1_text AS churn_reason,
        watched.fraud_alert_score AS fraud_alert_score,
        if(watched.fraud_alert_ms > 0, greatest(now_ms - watched.fraud_alert_ms, 0) / {_HOUR_MS}, inf)
            AS hours_since_fraud_alert,
        if(watched.fraud_ms > 0, greatest(now_ms - watched.fraud_ms, 0) / {_DAY_MS}, inf) AS days_since_fraud
    FROM (SELECT user_id, {totals}, {sums}, {days} FROM ({_EVENTS}) GROUP BY user_id) AS acted
    LEFT ANY JOIN ({_CHURN}) AS scored ON acted.user_id = scored.user_id
    LEFT ANY JOIN ({fraud}) AS watched ON acted.user_id = watched.user_id
)
"""  # noqa: S608 - constants and numbers
