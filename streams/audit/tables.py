"""Counting in ClickHouse what is there at the offsets that the ledger has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from schemas.ledger import Tiling, recent_identities
from schemas.tables import ROW_TABLES
from streams.audit.findings import TableCounts
from streams.audit.kept import Part, kept_letters, kept_rows
from streams.clickhouse.columns import Column
from streams.clickhouse.ledger import read_end
from streams.clickhouse.reader import Reader
from streams.clickhouse.retention import gone

Pair = tuple[str, int]
Tilings = Mapping[Pair, Tiling]

# A row's sort key holds its partition's month, so FINAL may take each part of the table by itself.
_SETTINGS = {"do_not_merge_across_partitions_select_final": 1}

_ALL_OFFSETS = 1 << 62

_AT_DONE_OFFSETS = """
FINAL ASOF JOIN done ON counted.topic = done.topic AND counted.partition = done.partition
    AND counted.offset >= done.first
WHERE counted.offset <= done.last
GROUP BY counted.topic, counted.partition
"""

_COUNT_ROWS = """
SELECT counted.topic AS topic, counted.partition AS partition, count() AS rows,
    uniqExact(counted.offset) AS offsets, uniqExact(counted.user_id, counted.event_id) AS events
FROM {table} AS counted
"""

_COUNT_DEAD_LETTERS = """
SELECT counted.topic AS topic, counted.partition AS partition, count() AS rows
FROM dead_letters AS counted
"""


def count(reader: Reader, tilings: Tilings) -> dict[Pair, TableCounts]:
    """Counts of each partition in ``tilings``. Blocks for 1 to 3 s for a million rows."""
    gone_before = gone(reader)
    kept = {pair: kept_rows(tiling, gone_before.get(ROW_TABLES[pair[0]], 0)) for pair, tiling in tilings.items()}
    lettered = {pair: kept_letters(tiling, gone_before.get("dead_letters", 0)) for pair, tiling in tilings.items()}
    found: dict[Pair, TableCounts] = {}
    for table in sorted(set(ROW_TABLES.values())):
        done = _done({pair: part for pair, part in kept.items() if ROW_TABLES[pair[0]] == table})
        if done["first"][1]:
            sql = _COUNT_ROWS.format(table=table) + _AT_DONE_OFFSETS
            rows = reader.columns(sql, tables={"done": done}, settings=_SETTINGS)
            for *pair, n_rows, n_offsets, n_events in zip(*map(_listed, rows.values()), strict=True):
                found[pair[0], pair[1]] = TableCounts(n_rows, n_offsets, n_events)
    done = _done(lettered)
    sql = _COUNT_DEAD_LETTERS + _AT_DONE_OFFSETS
    letters = _by_pair(reader.columns(sql, tables={"done": done})) if done["first"][1] else {}
    return {
        pair: found.get(pair, TableCounts())._replace(
            dead_letters=letters.get(pair, 0),
            repeats=_repeats(reader, pair, tiling, kept[pair]) if _lacks_rows(found.get(pair), kept[pair]) else 0,
            expired=kept[pair].left_out,
            expired_dead_letters=lettered[pair].left_out,
        )
        for pair, tiling in tilings.items()
    }


def _done(parts: Mapping[Pair, Part]) -> dict[str, tuple[str, Column]]:
    spans = [(topic, partition, *span) for (topic, partition), part in parts.items() for span in part.spans]
    topics, partitions, firsts, lasts = zip(*spans, strict=True) if spans else ((), (), (), ())
    return {
        "topic": ("String", topics),
        "partition": ("Int32", partitions),
        "first": ("Int64", firsts),
        "last": ("Int64", lasts),
    }


def _lacks_rows(counts: TableCounts | None, part: Part) -> bool:
    there = min(counts.offsets, counts.events) if counts else 0
    return there < part.total


def _repeats(reader: Reader, pair: Pair, tiling: Tiling, part: Part) -> int:
    """Rows by the ledger, of the part, whose event has another after them: the table has the last alone. Reads 8 bytes
    a record: to be asked only if rows are missing."""
    whole = read_end(reader, *pair, window=_ALL_OFFSETS)
    identity, offset = recent_identities(whole, _ALL_OFFSETS)
    within = offset <= tiling.last  # the ledger may have grown
    identity, offset = identity[within], offset[within]
    _, places = np.unique(identity[::-1], return_index=True)
    last = offset[::-1][places]
    return int(part.holds(offset).sum() - part.holds(last).sum())


def _by_pair(columns: Mapping[str, Any]) -> dict[Pair, int]:
    rows = zip(*map(_listed, columns.values()), strict=True)
    return {(topic, partition): n_rows for topic, partition, n_rows in rows}


def _listed(column: Any) -> list[Any]:
    return column if isinstance(column, list) else list(column.tolist())
