"""How many records are done a second, by topic and by worker: what the ledger says."""

from __future__ import annotations

import time

import msgspec

from streams.clickhouse.reader import Reader

STEP_MS = 5_000
STEPS = 120

_MOST_WORKERS = 50
_RECENT_MS = 60_000

_BY_TOPIC = """
SELECT topic, intDiv(written_ms, %(step_ms)s) * %(step_ms)s AS at_ms, sum(records)
FROM ledger WHERE written_ms >= %(since_ms)s AND written_ms < %(until_ms)s
GROUP BY topic, at_ms ORDER BY topic, at_ms LIMIT %(limit)s
"""

_BY_WORKER = """
SELECT worker, sum(records) * 1000 / %(recent_ms)s, uniqExact(topic, partition), max(written_ms)
FROM ledger WHERE written_ms >= %(since_ms)s AND written_ms < %(until_ms)s
GROUP BY worker ORDER BY worker LIMIT %(limit)s
"""


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    topic: str
    per_s: list[float]
    """Records a second, by step."""


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """Of the last minute."""

    worker: str
    per_s: float
    partitions: int
    written_ms: int


class Throughput(msgspec.Struct, frozen=True, kw_only=True):
    """Times are by the clock, in Unix milliseconds."""

    from_ms: int
    step_ms: int
    steps: int
    topics: list[Topic]
    workers: list[Worker]


def throughput(reader: Reader) -> Throughput:
    """Of the last ``STEPS`` whole steps."""
    until_ms = int(time.time() * 1000) // STEP_MS * STEP_MS
    from_ms = until_ms - STEPS * STEP_MS
    about = {"step_ms": STEP_MS, "since_ms": from_ms, "until_ms": until_ms, "limit": 20 * STEPS}
    per_s: dict[str, list[float]] = {}
    for topic, at_ms, n in reader.query(_BY_TOPIC, about):
        per_s.setdefault(topic, [0.0] * STEPS)[(at_ms - from_ms) // STEP_MS] = n * 1000 / STEP_MS
    recent = {"recent_ms": _RECENT_MS, "since_ms": until_ms - _RECENT_MS, "until_ms": until_ms, "limit": _MOST_WORKERS}
    return Throughput(
        from_ms=from_ms,
        step_ms=STEP_MS,
        steps=STEPS,
        topics=[Topic(topic=topic, per_s=values) for topic, values in per_s.items()],
        workers=[
            Worker(worker=worker, per_s=rate, partitions=n, written_ms=at_ms)
            for worker, rate, n, at_ms in reader.query(_BY_WORKER, recent)
        ],
    )
