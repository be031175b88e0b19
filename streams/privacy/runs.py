"""Runs of the ledger without what somebody who was erased has in them, so that an audit balances.

A row of the ledger counts its records by what became of them, and holds a hash of each event. The hashes of the
person's events are found among those of the partition's whole ledger, since an event that was sent again long after
has several; they become 0, and their records count as erased. So do dead letters that are gone. Doing it again changes
nothing.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from models.duplicates import identities
from schemas.tables import ROW_TABLES, TABLES
from schemas.texts import Texts
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.privacy.kept_letters import Letter
from streams.privacy.people import Person, ids_of

Pair = tuple[str, int]

PAGE_ROWS = 500
"""Of the ledger, read at once: about 16 MB of hashes."""
REMOVED_ROWS = 500
"""By one statement."""

_COLUMNS = ", ".join(TABLES["ledger"])

_EVENTS = " UNION ALL ".join(
    f"SELECT topic, partition, user_id, event_id FROM {table} "  # noqa: S608 - own names
    "WHERE user_id IN (SELECT id FROM people WHERE kind = 'user')"
    for table in sorted(set(ROW_TABLES.values()))
)

_PAGE = f"""
SELECT {_COLUMNS} FROM ledger FINAL
WHERE topic = %(topic)s AND partition = %(partition)s AND (first, epoch) > (%(first)s, %(epoch)s)
ORDER BY first, epoch LIMIT %(limit)s
"""  # noqa: S608 - own names

_LETTERS = """
SELECT offset FROM dead_letters FINAL
WHERE topic = %(topic)s AND partition = %(partition)s AND offset BETWEEN %(first)s AND %(last)s
"""

_FORMER = """
SELECT first, epoch, written_ms FROM ledger WHERE topic = %(topic)s AND partition = %(partition)s
AND (first, epoch) IN (
    SELECT first, epoch FROM ledger WHERE topic = %(topic)s AND partition = %(partition)s AND erased > 0
)
AND (first, epoch, written_ms) NOT IN (
    SELECT first, epoch, max(written_ms) FROM ledger WHERE topic = %(topic)s AND partition = %(partition)s
    GROUP BY first, epoch
)
"""

_REMOVE = """
ALTER TABLE ledger DELETE WHERE topic = %(topic)s AND partition = %(partition)s
AND (first, epoch, written_ms) IN %(rows)s SETTINGS mutations_sync = 2
"""


@dataclass
class Gone:
    """What goes from one topic's partition."""

    identity: set[int] = field(default_factory=set)
    letters: set[int] = field(default_factory=set)
    """Offsets."""


def gone_of(reader: Reader, people: Sequence[Person], letters: Collection[Letter]) -> dict[Pair, Gone]:
    """By log and partition, the identities of the people's events, and their dead letters."""
    found = reader.columns(_EVENTS, tables=ids_of(people))
    gone: dict[Pair, Gone] = {}
    if found:
        identity = identities(Texts.of(found["user_id"]), Texts.of(found["event_id"])).tolist()
        for topic, partition, one in zip(found["topic"], found["partition"].tolist(), identity, strict=True):
            gone.setdefault((topic, partition), Gone()).identity.add(one)
    for topic, partition, offset in letters:
        gone.setdefault((topic, partition), Gone()).letters.add(offset)
    return gone


def rewrite(reader: Reader, writer: Writer, pair: Pair, gone: Gone) -> None:
    """Takes what is gone out of the runs of a partition. Blocks, for a second or so for 100 million records."""
    identity = np.array(sorted(gone.identity), dtype=np.uint64)
    for page in _pages(reader, pair):
        _replace(writer, [row for row in page if _change(reader, pair, row, identity, gone.letters)])
    _remove_former(reader, pair)


def _pages(reader: Reader, pair: Pair) -> Iterator[list[dict[str, Any]]]:
    at: dict[str, Any] = {"topic": pair[0], "partition": pair[1], "first": -1, "epoch": 0, "limit": PAGE_ROWS}
    while True:
        found = reader.columns(_PAGE, at, raw=("identities",))
        columns = (column if isinstance(column, list) else column.tolist() for column in found.values())
        page = [dict(zip(found, row, strict=True)) for row in zip(*columns, strict=True)]
        if page:
            yield page
        if len(page) < PAGE_ROWS:
            return
        at |= {"first": page[-1]["first"], "epoch": page[-1]["epoch"]}


def _change(
    reader: Reader, pair: Pair, row: dict[str, Any], identity: npt.NDArray[np.uint64], letters: set[int]
) -> bool:
    """Whether something of the row is gone; if so, the row is without it."""
    held = np.frombuffer(row["identities"], "<u8")
    erased = np.isin(held, identity)
    n_rows = int(erased.sum())
    n_letters = _letters_gone(reader, pair, row, letters)
    if n_rows:
        row["identities"] = np.where(erased, np.uint64(0), held).astype("<u8").tobytes()
    row["rows"] -= n_rows
    row["dead_letters"] -= n_letters
    row["erased"] += n_rows + n_letters
    return bool(n_rows or n_letters)


def _letters_gone(reader: Reader, pair: Pair, row: dict[str, Any], letters: set[int]) -> int:
    """Of the row's dead letters, those that aren't in the table or are to go from it."""
    if not row["dead_letters"] or not any(row["first"] <= offset <= row["last"] for offset in letters):
        return 0
    span = {"topic": pair[0], "partition": pair[1], "first": row["first"], "last": row["last"]}
    stay = {offset for (offset,) in reader.query(_LETTERS, span)} - letters
    return max(0, int(row["dead_letters"]) - len(stay))


def _replace(writer: Writer, rows: list[dict[str, Any]]) -> None:
    """Versions grow with ``written_ms``."""
    now_ms = max([time.time_ns() // 1_000_000, *(row["written_ms"] + 1 for row in rows)])
    columns = {name: [row[name] for row in rows] for name in TABLES["ledger"]}
    columns["written_ms"] = [now_ms] * len(rows)
    writer.insert("ledger", columns, token=f"ledger-erased-{uuid4()}")


def _remove_former(reader: Reader, pair: Pair) -> None:
    """Versions of rows that were replaced, which hold the hashes; also where that was broken off before."""
    about: dict[str, Any] = {"topic": pair[0], "partition": pair[1]}
    rows = reader.query(_FORMER, about)
    for start in range(0, len(rows), REMOVED_ROWS):
        reader.query(_REMOVE, about | {"rows": tuple(rows[start : start + REMOVED_ROWS])})
