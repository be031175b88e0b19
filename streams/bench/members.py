"""A million shoppers in the tables, made inside ClickHouse: profiles, churn scores, fraud alerts and the clock."""

from __future__ import annotations

from contextlib import closing

from schemas.layout import DAYS_COLUMNS, KINDS, PROFILE_COLUMNS
from streams.bench.shop import START_MS
from streams.clickhouse.reader import Reader
from streams.settings import Settings

NOW_MS = START_MS
INSERTS = 10
"""Parts that the profiles come in, as they do in use; ClickHouse merges them as it likes."""
RENEWED = 0.1
"""Share of the profiles that have an older row beside."""

_YEAR_MS = 365 * 86_400_000
_MONTH_MS = 30 * 86_400_000
_A_DAY_A_MONTH = "bitAnd(rand64(1), bitAnd(bitAnd(rand64(2), rand64(3)), bitAnd(rand64(4), rand64(5))))"
_ID = "concat('user ', toString(number))"


def populate(settings: Settings, profiles: int) -> None:
    """Blocks for about 20 µs a profile. The numbers compress as badly as real ones do."""
    step = -(-profiles // INSERTS)
    with closing(Reader(settings)) as reader:
        for part in range(INSERTS):
            rows = f"numbers({part * step}, {max(min(step, profiles - part * step), 0)})"
            reader.query(_profiles(rows, settings.partitions, version=2))
            reader.query(_SCORES.format(rows=rows, now_ms=NOW_MS))
        reader.query(_profiles(f"numbers({int(profiles * RENEWED)})", settings.partitions, version=1))
        reader.query(_ALERTS.format(rows=f"numbers({profiles // 100})", now_ms=NOW_MS))
        pass_to(reader, NOW_MS, settings.partitions)


def pass_to(reader: Reader, at_ms: int, partitions: int) -> None:
    """The clock comes to a time."""
    reader.query(
        "INSERT INTO ledger (topic, partition, first, last, max_ts_ms)"  # noqa: S608 - numbers
        f" SELECT 'clicks', number, {at_ms:d}, {at_ms:d}, {at_ms:d} FROM numbers({partitions:d})"
    )


_SCORES = """
INSERT INTO shopper_scores (user_id, as_of_ms, churn_state, churn_score, reason_1_feature, reason_1_text)
SELECT concat('user ', toString(number)), {now_ms}, 2, randCanonical(),
    'log_recency_d', concat('silent for ', toString(rand(2) % 90), ' days') FROM {rows}
"""

_ALERTS = """
INSERT INTO alerts (alert_id, event_id, kind, user_id, ts, score)
SELECT toString(number), toString(number), 'fraud', concat('user ', toString(number * 97)),
    fromUnixTimestamp64Milli(toInt64({now_ms}) - toInt64(rand(3))), 0.97 FROM {rows}
"""


def _profiles(rows: str, partitions: int, *, version: int) -> str:
    values = {name: f"randExponential(1, {place})" for place, name in enumerate(PROFILE_COLUMNS)}
    values |= dict.fromkeys(DAYS_COLUMNS, _A_DAY_A_MONTH)
    values |= {
        "kind": f"{KINDS.index('user')}",
        "partition": f"cityHash64(number) % {partitions}",
        "id": _ID,
        "version": f"{version}",
        "first_ms": f"{NOW_MS} - rand(4) % {_YEAR_MS} * 7 % {_YEAR_MS}",
        "last_ms": f"{NOW_MS} - toInt64(randExponential(1, 5) * {_MONTH_MS})",
        "last_purchase_ms": f"{NOW_MS} - toInt64(randExponential(1, 6) * {2 * _MONTH_MS})",
        "total_purchases": "floor(randExponential(0.4, 7))",
        "total_returns": "floor(randExponential(2, 8))",
        "total_spent": "floor(randExponential(0.4, 7)) * (10 + randExponential(0.02, 9))",
        "total_refunded": "randExponential(0.05, 10)",
        "cart_value_7d": "if(rand(11) % 10 < 7, 0, randExponential(0.02, 12))",
        "sentiment_30d": "randNormal(0, 0.5, 13)",
    }
    written = {name: value for name, value in values.items() if PROFILE_COLUMNS[name] == "Float64"}
    written |= {name: values[name] for name in ("kind", "partition", "id", "version", *DAYS_COLUMNS)}
    written |= {name: values[name] for name in ("first_ms", "last_ms", "last_purchase_ms")}
    return f"INSERT INTO profiles ({', '.join(written)}) SELECT {', '.join(written.values())} FROM {rows}"  # noqa: S608
