"""What writing and reading cost of this process's CPU, a row; the server's share not included."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
import pytest

from schemas.layout import PROFILE_COLUMNS
from schemas.tables import TABLES
from schemas.texts import Texts
from streams.clickhouse.columns import DTYPES, Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer

pytestmark = pytest.mark.bench

N_ROWS = 5_000
ROUNDS = 20
N_IDS = 3_000


@pytest.fixture(scope="module")
def tokens() -> Iterator[int]:
    return count()


def block(table: str) -> dict[str, Column]:
    """Rows of a table with all its columns given, of texts as long as a shop's."""
    rng = np.random.default_rng(1)
    columns: dict[str, Column] = {}
    for name, kind in TABLES[table].items():
        if kind in DTYPES:
            columns[name] = rng.integers(0, 100, N_ROWS).astype(DTYPES[kind])
        elif kind.startswith("DateTime64"):
            columns[name] = 1_700_000_000_000 + np.arange(N_ROWS)
        elif kind.startswith("LowCardinality"):
            columns[name] = Texts.of([f"{name} {row % 10}" for row in range(N_ROWS)])
        else:
            columns[name] = Texts.of([f"{name}-{row:020d}" for row in range(N_ROWS)])
    return columns


def cpu_us_a_row(work: Callable[[], Any], n_rows: int) -> float:
    work()
    before = time.process_time()
    for _ in range(ROUNDS):
        work()
    return (time.process_time() - before) / ROUNDS / n_rows * 1e6


@pytest.mark.parametrize(("table", "budget_us"), [("events", 3.0), ("profiles", 2.0)])
def test_writing_a_block(writer: Writer, tokens: Iterator[int], table: str, budget_us: float) -> None:
    columns = block(table)
    cost_us = cpu_us_a_row(lambda: writer.insert(table, columns, token=str(next(tokens))), N_ROWS)
    print(f"{table}: {len(columns)} columns, {cost_us:.2f} µs of CPU a row")
    assert cost_us < budget_us


def test_reading_profiles_by_id(writer: Writer, reader: Reader, tokens: Iterator[int]) -> None:
    columns = block("profiles") | {"kind": np.zeros(N_ROWS), "partition": np.zeros(N_ROWS)}
    writer.insert("profiles", columns, token=str(next(tokens)))
    ids = list(columns["id"][:N_IDS])
    sql = f"SELECT {', '.join(PROFILE_COLUMNS)} FROM profiles WHERE kind = 0 AND partition = 0 AND id IN "

    def by_parameter() -> int:
        return len(reader.columns(sql + "%(ids)s", {"ids": ids})["id"])

    def by_table() -> int:
        return len(reader.columns(sql + "wanted", tables={"wanted": {"id": ("String", ids)}})["id"])

    assert by_parameter() == by_table() == N_IDS
    costs_us = {work.__name__: cpu_us_a_row(work, N_IDS) for work in (by_parameter, by_table)}
    print({name: f"{cost_us:.2f} µs of CPU a row" for name, cost_us in costs_us.items()})
    assert costs_us["by_table"] < costs_us["by_parameter"]
