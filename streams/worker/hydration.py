"""Profiles from ClickHouse into memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.partition import PartitionProfiles
from schemas.layout import KINDS, PROFILE_COLUMNS
from streams.clickhouse.reader import Reader

AGGREGATES = [name for name in PROFILE_COLUMNS if name not in ("kind", "partition", "id", "version")]
"""The columns that ``Profiles`` are made of."""

_SELECTED = ", ".join(AGGREGATES)


def hydrate(
    reader: Reader,
    partition: int,
    profiles: PartitionProfiles,
    missing: Mapping[str, Sequence[str]],
    *,
    source: str = "profiles",
) -> int:
    """Brings the given ids of each kind into memory, as they are in the table ``source`` or, unknown there, empty;
    returns how many were known.

    One query for all kinds: of the few ids that most kinds miss, a query of their own would cost more than their rows.
    It takes the highest versions by itself: FINAL would cost more for a few thousand ids.
    """
    if not missing:
        return 0
    found = reader.columns(
        " UNION ALL ".join(
            f"(SELECT kind, id, {_SELECTED} FROM {source} "  # noqa: S608 - own names
            f"WHERE kind = {KINDS.index(kind)} AND partition = {partition:d} AND id IN wanted_{kind} "
            "ORDER BY version DESC LIMIT 1 BY id)"
            for kind in missing
        ),
        tables={f"wanted_{kind}": {"id": ("String", ids)} for kind, ids in missing.items()},
    )
    for kind, ids in missing.items():
        rows = np.flatnonzero(found["kind"] == KINDS.index(kind))
        known = [found["id"][row] for row in rows.tolist()]
        profiles.tables[kind].load(known, {name: found[name][rows] for name in AGGREGATES})
        profiles.tables[kind].create(sorted(set(ids) - set(known)))
    return len(found["kind"])


def warm(reader: Reader, partition: int, profiles: PartitionProfiles, *, limit: int) -> None:
    """Fills memory with the partition's profiles at its assignment: all where they are at most ``limit``, else the
    most recently active half of that of shoppers and items. A scanned row costs a seventh of a missed one."""
    ((n_rows,),) = reader.query(
        "SELECT count() FROM profiles WHERE partition = %(partition)s", {"partition": partition}
    )
    profiles.complete = n_rows <= limit
    for kind in KINDS if profiles.complete else ("user", "item"):
        found = reader.columns(
            f"SELECT id, {_SELECTED} FROM profiles FINAL "  # noqa: S608 - own names
            "WHERE kind = %(kind)s AND partition = %(partition)s AND last_ms >= %(since)s",
            {
                "kind": KINDS.index(kind),
                "partition": partition,
                "since": 0 if profiles.complete else _active_since(reader, kind, partition, limit // 4),
            },
        )
        profiles.tables[kind].load(found["id"], {name: found[name] for name in AGGREGATES})


def _active_since(reader: Reader, kind: str, partition: int, limit: int) -> int:
    """The time since which about ``limit`` rows were active."""
    rows = reader.query(
        "SELECT last_ms FROM profiles WHERE kind = %(kind)s AND partition = %(partition)s "
        "ORDER BY last_ms DESC LIMIT 1 OFFSET %(limit)s",
        {"kind": KINDS.index(kind), "partition": partition, "limit": limit},
    )
    return int(rows[0][0]) if rows else 0
