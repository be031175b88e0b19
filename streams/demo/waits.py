"""What the demo waits for: each returns once it is so.

Each raises ``Fatal`` past the deadline, and ``StackError`` where a worker ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from deploy.local.workers import WorkerProcess
from schemas.topics import REVIEW_TEXTS, REVIEWS, REVIEWS_SCORED
from streams.clickhouse.reader import Reader
from streams.errors import Fatal
from streams.segments.rounds import are_settled
from streams.settings import Settings

DEADLINE_S = 180.0
_POLL_S = 0.2


def assigned(settings: Settings, workers: Sequence[WorkerProcess]) -> None:
    """Until the group has shared its partitions out to all workers."""
    _wait(
        settings,
        workers,
        "SELECT uniqExact(owner) >= %(workers)s FROM "
        "(SELECT argMax(worker, epoch) AS owner FROM assignments WHERE topic = 'carts' GROUP BY partition)",
        {"workers": len(workers)},
    )


def durable(settings: Settings, events: int, workers: Sequence[WorkerProcess]) -> None:
    _wait(
        settings,
        workers,
        "SELECT sum(records) >= %(events)s FROM ledger FINAL WHERE topic NOT IN %(of_texts)s",
        {"events": events, "of_texts": [REVIEW_TEXTS, REVIEWS_SCORED]},
    )


def read(settings: Settings, workers: Sequence[WorkerProcess]) -> None:
    _wait(
        settings,
        workers,
        "SELECT sumIf(rows, topic = %(scored)s) >= sumIf(rows, topic = %(reviews)s) FROM ledger FINAL",
        {"scored": REVIEWS_SCORED, "reviews": REVIEWS},
    )


def learnt(settings: Settings, workers: Sequence[WorkerProcess]) -> None:
    """Until the churn model has considered every partition up to its watermark, and its metrics are written."""
    _wait(
        settings,
        workers,
        "SELECT (SELECT max(learnt_until_ms) FROM models WHERE name = 'churn') >= "
        "(SELECT min(at_ms) FROM (SELECT max(max_ts_ms) AS at_ms FROM ledger GROUP BY partition)) - %(lateness_ms)s",
        {"lateness_ms": int(settings.max_ahead_s * 1000)},
    )
    _wait(
        settings,
        workers,
        "SELECT (SELECT max(version) FROM model_metrics WHERE model = 'churn') >= "
        "(SELECT max(version) FROM learnt WHERE model = 'churn' AND NOT isNaN(score))",
        {},
    )


def looked(settings: Settings, workers: Sequence[WorkerProcess]) -> None:
    """Until the leader has looked at the segments since all that."""
    with closing(Reader(settings)) as reader:
        _until(lambda: are_settled(reader), workers, "the segments aren't looked at")


def _wait(settings: Settings, workers: Sequence[WorkerProcess], sql: str, params: dict[str, Any]) -> None:
    with closing(Reader(settings)) as reader:
        _until(lambda: bool(reader.query(sql, params)[0][0]), workers, f"still not so: {sql % params}")


def _until(is_so: Callable[[], bool], workers: Sequence[WorkerProcess], otherwise: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        for worker in workers:
            worker.check()
        if time.monotonic() > deadline:
            raise Fatal(f"after {DEADLINE_S:g} s {otherwise}")
        time.sleep(_POLL_S)
