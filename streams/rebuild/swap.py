"""Recomputed profiles in the place of the live ones."""

from __future__ import annotations

from schemas.layout import KINDS, PROFILE_COLUMNS
from streams.clickhouse.reader import Reader
from streams.rebuild.workspace import ROWS

NEW = "profiles_rebuilt"
OLD = "profiles_before_rebuild"

_EPOCH_SHIFT = 32
_COLUMNS = ", ".join(PROFILE_COLUMNS)
_RAISED = _COLUMNS.replace("version", "bitOr(version, %(epoch)s) AS version")


def prepare(reader: Reader, partitions: int, epoch: int) -> None:
    """Copies the recomputed rows to a table of their own, with versions of ``epoch``: so they overrule whatever an
    owner of an earlier epoch may still write. Blocks for about 15 s for a million rows."""
    reader.query(f"DROP TABLE IF EXISTS {NEW}")
    reader.query(f"CREATE TABLE {NEW} AS profiles")
    copy = (
        f"INSERT INTO {NEW} ({_COLUMNS}) SELECT {_RAISED} FROM {ROWS} AS rows FINAL "  # noqa: S608 - own names
        "WHERE kind = %(kind)s AND partition = %(partition)s"
    )
    for kind in range(len(KINDS)):
        for partition in range(partitions):
            reader.query(copy, {"kind": kind, "partition": partition, "epoch": epoch << _EPOCH_SHIFT})


def exchange(reader: Reader) -> None:
    """Makes the new rows the live ones, at once, and the other way round."""
    reader.query(f"EXCHANGE TABLES profiles AND {NEW}")


def put_away(reader: Reader) -> None:
    """Keeps the former rows, in the place of those that an earlier rebuild left."""
    reader.query(f"DROP TABLE IF EXISTS {OLD}")
    reader.query(f"RENAME TABLE {NEW} TO {OLD}")


def drop_old(reader: Reader) -> None:
    reader.query(f"DROP TABLE {OLD}")
