"""Every shopper as of now, as one SELECT: profiles decayed to it, with what others than the profile know.

A profile stands as of its latest event, so that of a silent shopper is old. Here every decayed sum is brought to now by
``exp(-age / scale)``, under its own name, and recency is counted from now. A shopper whose events are ahead of now is
seen as of the latest of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from schemas.events import AlertAck, FraudLabel
from schemas.layout import DAYS_COLUMNS, DAYS_REMEMBERED, KINDS, MEASURES, SCALES_MS, TOTAL_COLUMNS

CLOCK = "event_clock"
SHOPPERS = "shoppers_now"

FRAUD_MEMORY_MS = 90 * 86_400_000
"""Of fraud alerts and verdicts; older ones are not looked at."""

_DAY_MS = 86_400_000
_ALL_DAYS = f"toUInt64({2**64 - 1})"
_NOW_OF_CLOCK = f"assumeNotNull((SELECT now_ms FROM {CLOCK}))"  # noqa: S608 - a constant
"""Of a subquery ClickHouse believes that it may be null, and then of all that is computed from it."""


_DECAYED = tuple(
    f"p.{measure}_{scale} * exp(-age_ms / {scale_ms}) AS {measure}_{scale}"
    for measure in MEASURES
    for scale, scale_ms in SCALES_MS.items()
)
_AS_THEY_ARE = ("first_ms", "last_ms", "last_purchase_ms", *TOTAL_COLUMNS, "max_amount")

_CHURN = "SELECT user_id, churn_state, churn_score, reason_1_text FROM shopper_scores FINAL"


def shoppers_sql(now: str = _NOW_OF_CLOCK) -> str:
    """A SELECT of one row a shopper, as of ``now``, SQL for Unix milliseconds: by default those of the clock.

    Columns that a query doesn't ask for aren't read. README has what they mean.
    """
    return f"""
SELECT *,
    age_ms / 3600000 AS hours_since_last,
    greatest(now_ms - first_ms, 0) / {_DAY_MS} AS days_since_first,
    if(last_purchase_ms > 0, greatest(now_ms - last_purchase_ms, 0) / {_DAY_MS}, inf) AS days_since_purchase,
    views_1d + 2 * clicks_1d + 2 * searches_1d + 4 * cart_adds_1d + 8 * checkouts_1d AS intent,
    if(total_scored_reviews > 0, total_sentiment / total_scored_reviews, nan) AS mean_sentiment,
    if(scored_reviews_30d > 0, sentiment_30d / scored_reviews_30d, nan) AS recent_sentiment,
    {_days_here(0, 1)},
    {_days_here(0, 6)},
    {_days_here(2, 31)},
    {_days_here(7, 31)},
    if(fraud_alert_ms > 0, greatest(now_ms - fraud_alert_ms, 0) / 3600000, inf) AS hours_since_fraud_alert,
    if(fraud_ms > 0, greatest(now_ms - fraud_ms, 0) / {_DAY_MS}, inf) AS days_since_fraud
FROM (
    WITH {now} AS at_ms, greatest(at_ms - p.last_ms, 0) AS age
    SELECT
        p.id AS user_id,
        p.partition AS partition,
        at_ms AS now_ms,
        age AS age_ms,
        {_lines(f"p.{name} AS {name}" for name in _AS_THEY_ARE)},
        p.cart_value_7d AS cart_left,
        {_lines(_DECAYED)},
        {_active_days("at_ms")} AS active_days,
        if(churn.churn_state = 2, churn.churn_score, nan) AS churn_score,
        churn.reason_1_text AS churn_reason,
        fraud.alert_ms AS fraud_alert_ms,
        fraud.alert_score AS fraud_alert_score,
        fraud.fraud_ms AS fraud_ms
    FROM profiles AS p FINAL
    LEFT ANY JOIN ({_CHURN}) AS churn ON p.id = churn.user_id
    LEFT ANY JOIN ({_fraud(now)}) AS fraud ON p.id = fraud.user_id
    WHERE p.kind = {KINDS.index("user")}
)
"""  # noqa: S608 - own names


def _fraud(now: str) -> str:
    """By shopper the latest fraud alert that no verdict has cleared, and the latest verdict of fraud that stands. Of
    several verdicts on one purchase the last counts, be it on the purchase or on its alert."""
    since = f"fromUnixTimestamp64Milli(toInt64({now}) - {FRAUD_MEMORY_MS})"
    verdicts = f"""
        SELECT user_id, event_id, argMax(verdict, (ts, label)) AS verdict, max(ts) AS said
        FROM (
            SELECT labels.user_id AS user_id, labels.ts AS ts, labels.event_id AS label, labels.verdict AS verdict,
                if(labels.type_code = {FraudLabel.code}, labels.target, alerted.event_id) AS event_id
            FROM labels
            LEFT ANY JOIN (SELECT alert_id, user_id, event_id FROM alerts WHERE kind = 'fraud') AS alerted
            ON labels.target = alerted.alert_id AND labels.user_id = alerted.user_id
            WHERE labels.type_code IN ({FraudLabel.code}, {AlertAck.code})
            AND labels.verdict != 'ignore' AND labels.ts > {since}
        )
        GROUP BY user_id, event_id"""  # noqa: S608 - own names
    return f"""
        SELECT user_id, max(alerted_ms) AS alert_ms, argMax(score, alerted_ms) AS alert_score, max(found_ms) AS fraud_ms
        FROM (
            SELECT user_id, toUnixTimestamp64Milli(ts) AS alerted_ms, score, toInt64(0) AS found_ms
            FROM alerts
            WHERE kind = 'fraud' AND ts > {since}
            AND (user_id, event_id) NOT IN (SELECT user_id, event_id FROM ({verdicts}) WHERE verdict = 'ok')
            UNION ALL
            SELECT user_id, toInt64(0), toFloat32(0), toUnixTimestamp64Milli(said)
            FROM ({verdicts}) WHERE verdict = 'fraud'
        )
        GROUP BY user_id"""  # noqa: S608 - own names


def _active_days(now: str) -> str:
    """A word whose highest bit is today, and each lower one a day before: of a profile's set of days the last 64.

    The set is a ring of bits that holds days up to the shopper's last one; of the days since, it has the bits of
    ``DAYS_REMEMBERED`` days before, and these are cleared.
    """
    # What a word is shifted by has no sign, for it would be drawn along.
    today = f"toUInt64(intDiv({now}, {_DAY_MS}) % {DAYS_REMEMBERED})"
    word, bit = f"intDiv({today}, 64)", f"({today} % 64)"
    # By one more in a step of its own: a word can't be shifted by all of its bits.
    before = f"bitShiftRight(bitShiftRight({_word_of_ring(word, -1)}, {bit}), 1)"
    ring = f"bitOr(bitShiftLeft({_word_of_ring(word, 0)}, 63 - {bit}), {before})"
    silent = f"toUInt64(greatest(intDiv({now}, {_DAY_MS}) - intDiv(p.last_ms, {_DAY_MS}), 0))"
    return f"bitAnd({ring}, if({silent} < 64, bitShiftRight({_ALL_DAYS}, least({silent}, 63)), 0))"


def _word_of_ring(word: str, further: int) -> str:
    """The word that many places from ``word``, the same for all rows: so only one branch is ever taken, where an array
    would hold all words of every row."""
    *first, last = range(len(DAYS_COLUMNS))
    branches = (f"{word} = {place}, p.{DAYS_COLUMNS[place + further]}" for place in first)
    return f"multiIf({', '.join(branches)}, p.{DAYS_COLUMNS[last + further]})"


def _days_here(first: int, last: int) -> str:
    """A column: on how many days the shopper was here, from ``first`` to ``last`` days ago; today is 0."""
    days = sum(1 << (63 - day) for day in range(first, last + 1))
    return f"bitCount(bitAnd(active_days, {days})) AS days_here_{first}_{last}"


def _lines(columns: Iterable[str]) -> str:
    return ",\n        ".join(columns)
