"""One audit: the ledger, the tables and the broker, asked in an order that lets workers go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from schemas.ledger import Span, Tiling, tile
from schemas.topics import LOGS, REVIEW_TEXTS
from streams.audit.broker import Pair, connected, count_all
from streams.audit.findings import Audit, OnBroker, TableCounts, examine, unledgered
from streams.audit.tables import count
from streams.clickhouse.ledger import read_tilings
from streams.clickhouse.reader import Reader
from streams.settings import Settings

MAX_SPANS_READ = 200
"""Spans without ledger rows, or runs with fewer records than offsets, of which the broker's records are counted."""

_NOTHING_DONE = tile([])


async def audit(settings: Settings) -> Audit:
    """Check everything up to the ledger's end at the time of asking. Workers may be running.

    What is committed is asked before the ledger, and the ledger before the tables and the log's ends: each of them
    only grows, and is written after the next.

    Raises ``Retryable`` where Kafka doesn't answer, ``Fatal`` where ClickHouse doesn't.
    """
    async with connected(settings) as broker:
        committed = await broker.committed(LOGS)
        tilings, counts = await asyncio.to_thread(_read_tables, settings)
        logs = await broker.ends(LOGS)
        if not any(log == REVIEW_TEXTS for log, _ in (*tilings, *committed)):
            logs = {pair: span for pair, span in logs.items() if pair[0] != REVIEW_TEXTS}  # no text worker ever ran
        on_broker = {
            pair: OnBroker(
                start=logs[pair].first if pair in logs else None,
                end=logs[pair].last if pair in logs else None,
                committed=committed.get(pair),
            )
            for pair in sorted({*logs, *tilings, *committed})
        }
        records = await count_all(broker, _doubtful(tilings, on_broker)[:MAX_SPANS_READ], logs)
    partitions = [
        examine(
            *pair,
            tilings.get(pair, _NOTHING_DONE),
            counts.get(pair, TableCounts()),
            seen,
            _records_of(pair, records),
        )
        for pair, seen in on_broker.items()
    ]
    return Audit(partitions=partitions)


def _read_tables(settings: Settings) -> tuple[dict[Pair, Tiling], dict[Pair, TableCounts]]:
    reader = Reader(settings)
    try:
        tilings = read_tilings(reader)
        return tilings, count(reader, tilings)
    finally:
        reader.close()


def _doubtful(tilings: Mapping[Pair, Tiling], on_broker: Mapping[Pair, OnBroker]) -> list[tuple[Pair, Span]]:
    """Where only the broker can tell how many records there were; first what would be worst."""
    absent = [(pair, span) for pair, tiling in tilings.items() for span in unledgered(tiling, on_broker[pair].start)]
    sparse = [
        (pair, Span(row.first, row.last)) for pair, tiling in tilings.items() for row in tiling.rows if row.skipped > 0
    ]
    return absent + sparse


def _records_of(pair: Pair, records: Mapping[tuple[Pair, Span], int]) -> Callable[[Span], int | None]:
    return lambda span: records.get((pair, span))
