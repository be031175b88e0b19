"""Profiles of shoppers who came before, so that a worker has something to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np

from schemas.layout import KINDS, OFFSET_COLUMNS, PROFILE_COLUMNS
from streams.bench.shop import START_MS, user_ids
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.replay.partitioner import key_hash
from streams.settings import Settings

_ROWS_AN_INSERT = 100_000
_YEAR_MS = 365 * 86_400_000


def populate(settings: Settings, users: int, *, seed: int = 1) -> None:
    """Write a profile of every shopper of a ``Shop``; the numbers compress as badly as real ones do."""
    with closing(Writer(settings)) as writer:
        for number, columns in enumerate(_profiles(users, settings.partitions, np.random.default_rng(seed))):
            writer.insert("profiles", columns, token=f"crowd-{number}")


def copy(settings: Settings, source: Settings) -> None:
    """Copy the profiles from the database of ``source``."""
    database = source.clickhouse.rpartition("/")[2]
    columns = ", ".join(PROFILE_COLUMNS)
    with closing(Reader(settings)) as reader:
        reader.query(f"INSERT INTO profiles ({columns}) SELECT {columns} FROM {database}.profiles")  # noqa: S608 - ours


def _profiles(users: int, partitions: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    for start in range(0, users, _ROWS_AN_INSERT):
        ids = user_ids(np.arange(start, min(start + _ROWS_AN_INSERT, users)))
        n = len(ids)
        first_ms = START_MS - rng.integers(1, _YEAR_MS, size=n)
        columns: dict[str, Any] = {
            name: rng.exponential(size=n) for name, type in PROFILE_COLUMNS.items() if type == "Float64"
        }
        columns |= {name: np.full(n, -1) for name in OFFSET_COLUMNS}
        yield columns | {
            "kind": np.full(n, KINDS.index("user"), dtype=np.uint8),
            "partition": np.array([key_hash(id.encode()) % partitions for id in ids], dtype=np.int32),
            "id": ids,
            "version": np.ones(n, dtype=np.uint64),
            "total_events": rng.integers(1, 1000, size=n).astype(np.float64),
            "first_ms": first_ms,
            "last_ms": first_ms + (rng.random(n) * (START_MS - first_ms)).astype(np.int64),
            "peers_hll_0": rng.integers(0, 2**24, size=n).astype(np.uint64),
        }
