"""Writes a window, in the order on which exactness rests.

1. rows: scores, and dead letters of texts that can't be scored
2. the delivery of the scored reviews and the dead letters is waited for; it began before the rows
3. the ledger. From here on these records are done for good.

Only then may the runs be acknowledged. A crash after any step leaves what a replay completes: rows replace themselves
by their keys, and the scoring workers know a scored review that comes again by its event id.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from schemas.topics import REVIEW_TEXTS, TopicNames
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from streams.text.window import (
    Columns,
    Scored,
    ledger_columns,
    letter_columns,
    messages,
    row_columns,
    token_of,
)
from streams.worker.breaker import DeadLetterBreaker
from streams.worker.delivery import Delivery


class Flush:
    """Writes windows on the one thread that calls it; blocks it meanwhile."""

    def __init__(self, settings: Settings, writer: Writer, delivery: Delivery, *, worker: str) -> None:
        self._writer = writer
        self._delivery = delivery
        self._worker = worker
        self._names = TopicNames(prefix=settings.topic_prefix)
        self._deadline_s = settings.outage_deadline_s
        self._breakers: dict[tuple[str, int], DeadLetterBreaker] = {}
        self._new_breaker = partial(DeadLetterBreaker, ratio=settings.dead_letter_ratio, run=settings.dead_letter_run)

    def write(self, parts: Sequence[Scored]) -> None:
        """Returns once all is durable. Raises ``Fatal`` where that can't be or where most texts can't be scored,
        ``Retryable`` where stopped."""
        if not parts:
            return
        for part in parts:
            self._breakers.setdefault(part.pair, self._new_breaker()).check(len(part.portion.texts), list(part.letters))
        written_ms = time.time_ns() // 1_000_000
        token = token_of(parts)
        delivered = self._delivery.send(messages(parts, self._names))
        self._insert("review_scores", row_columns(parts, written_ms=written_ms), token)
        self._insert("dead_letters", letter_columns(parts, written_ms=written_ms), token)
        delivered.result(self._deadline_s)
        self._insert("ledger", ledger_columns(parts, worker=self._worker, written_ms=written_ms), token)

    def _insert(self, table: str, columns: Columns, token: str) -> None:
        self._writer.insert(table, columns, token=f"{table}-{REVIEW_TEXTS}-{token}")
