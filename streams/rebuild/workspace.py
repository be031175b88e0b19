"""The tables in which profiles are recomputed: the rows, and how far each partition came.

Events of a partition's own log may be added again, since rows carry offsets. Moved ones may not. So a partition is
*open* from the first event on until all that was planned is in: one that was left open is started over by the next run.
"""

from __future__ import annotations

import hashlib
import time
from importlib.resources import files
from typing import Any
from uuid import uuid4

import numpy as np

from models.profiles.table import Dirty
from schemas.layout import KINDS, PROFILE_COLUMNS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Fatal
from streams.rebuild.plan import Pair, Positions

ROWS = "profiles_rebuilding"
PROGRESS = "profiles_rebuilding_progress"

_CREATE_PROGRESS = f"""
CREATE TABLE IF NOT EXISTS {PROGRESS}
(
    home Int32,
    written_ns Int64,
    open UInt8,
    events UInt64,
    moved UInt64,
    topics Array(String),
    partitions Array(Int32),
    offsets Array(Int64)
)
ENGINE = ReplacingMergeTree(written_ns)
ORDER BY home
"""


class Done:
    """What the rows of a partition contain."""

    def __init__(self, positions: Positions, *, events: int, moved: int) -> None:
        self.positions: dict[Pair, int] = dict(positions)
        self.events = events
        self.moved = moved


class Workspace:
    """For the one thread that uses it.

    Attributes
    ----------
    done
        By partition, what an earlier run or this one has completed.
    """

    def __init__(self, reader: Reader, writer: Writer, partitions: int) -> None:
        self._reader = reader
        self._writer = writer
        self._signature = f"{partitions} partitions, code {_fingerprint()}"
        self._run = uuid4().hex
        self._inserts = 0
        self.done: dict[int, Done] = {}

    def open(self) -> None:
        """Goes on from what an earlier run left, or starts over where that was for another number of partitions, or
        made by another version of the code. Raises ``Fatal`` where the live table lacks columns."""
        self._check_live()
        if self._found_signature() != self._signature:
            self.drop()
            self._reader.query(f"CREATE TABLE {ROWS} AS profiles")
            self._reader.query(_CREATE_PROGRESS)
            self._reader.query(f"ALTER TABLE {ROWS} MODIFY COMMENT %(comment)s", {"comment": self._signature})
        unfinished = []
        columns = "home, open, events, moved, topics, partitions, offsets"
        for home, is_open, events, moved, *positions in self._reader.query(f"SELECT {columns} FROM {PROGRESS} FINAL"):  # noqa: S608 - own names
            if is_open:
                unfinished.append(home)
            else:
                topics, partitions, offsets = positions
                at = dict(zip(zip(topics, partitions, strict=True), offsets, strict=True))
                self.done[home] = Done(at, events=events, moved=moved)
        if unfinished:
            self._reader.query(f"DELETE FROM {ROWS} WHERE partition IN %(homes)s", {"homes": unfinished})  # noqa: S608 - own name

    def begin(self, home: int) -> None:
        """Writes down that the rows of ``home`` are about to change."""
        self._note(home, self.done.get(home, Done({}, events=0, moved=0)), is_open=True)

    def finish(self, home: int, done: Done) -> None:
        """Writes down that the rows of ``home`` are complete, and what they contain."""
        self._note(home, done, is_open=False)
        self.done[home] = done

    def write(self, home: int, kind: str, rows: Dirty) -> None:
        """Writes rows of one kind; returns once they are durable."""
        columns: dict[str, Any] = {
            "kind": np.full(len(rows), KINDS.index(kind), dtype=np.uint8),
            "partition": np.full(len(rows), home, dtype=np.int32),
            **rows.columns,
        }
        self._writer.insert(ROWS, columns, token=self._token())

    def drop(self) -> None:
        for table in (ROWS, PROGRESS):
            self._reader.query(f"DROP TABLE IF EXISTS {table}")

    def _check_live(self) -> None:
        found = {name for (name,) in self._reader.query(_COLUMNS, {"table": "profiles"})}
        lacking = PROFILE_COLUMNS.keys() - found
        if lacking:
            raise Fatal(f"profiles has no column {min(lacking)}; bring the tables up to date with `footfall migrate`")

    def _found_signature(self) -> str:
        comments = dict(self._reader.query(_COMMENTS, {"tables": (ROWS, PROGRESS)}))
        return str(comments.get(ROWS, "")) if PROGRESS in comments else ""

    def _note(self, home: int, done: Done, *, is_open: bool) -> None:
        topics, partitions = zip(*done.positions, strict=True) if done.positions else ((), ())
        row: dict[str, Any] = {
            "home": [home],
            "written_ns": [time.time_ns()],
            "open": [is_open],
            "events": [done.events],
            "moved": [done.moved],
            "topics": [list(topics)],
            "partitions": [list(partitions)],
            "offsets": [list(done.positions.values())],
        }
        self._writer.insert(PROGRESS, row, token=self._token())

    def _token(self) -> str:
        self._inserts += 1
        return f"{self._run}-{self._inserts}"


_COLUMNS = "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = %(table)s"
_COMMENTS = "SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND name IN %(tables)s"


def _fingerprint() -> str:
    """Of the code that decides what a row holds."""
    sources = [files("models") / "partition.py", files("schemas") / "layout.py", files("schemas") / "events.py"]
    sources += sorted((files("models") / "profiles").iterdir(), key=lambda file: file.name)
    code = b"".join(source.read_bytes() for source in sources if source.name.endswith(".py"))
    return hashlib.sha256(code).hexdigest()[:16]
