from __future__ import annotations

import numpy as np
import pytest

from schemas.ledger import recent_identities
from streams.clickhouse.ledger import next_offsets, read_end, read_tilings
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer

N_RECORDS = 100


def add(writer: Writer, firsts: list[int], *, epoch: int, partition: int = 0, topic: str = "clicks") -> None:
    n = len(firsts)
    first = np.array(firsts)
    identities = [np.arange(at + 1, at + N_RECORDS + 1, dtype="<u8").tobytes() for at in firsts]
    writer.insert(
        "ledger",
        {
            "topic": [topic] * n,
            "partition": np.full(n, partition),
            "first": first,
            "last": first + N_RECORDS - 1,
            "epoch": np.full(n, epoch),
            "records": np.full(n, N_RECORDS),
            "rows": np.full(n, N_RECORDS),
            "identities": identities,
            "worker": [f"worker-{epoch}"] * n,
        },
        token=f"{topic}-{partition}-{epoch}-{firsts}",
    )


def test_tilings_by_topic_and_partition(writer: Writer, reader: Reader) -> None:
    add(writer, [0, 100], epoch=1)
    add(writer, [200], epoch=2)
    add(writer, [500], epoch=1, partition=3)
    add(writer, [0], epoch=1, topic="labels")
    tilings = read_tilings(reader)
    assert {pair: tiling.spans for pair, tiling in tilings.items()} == {
        ("clicks", 0): [(0, 299)],
        ("clicks", 3): [(500, 599)],
        ("labels", 0): [(0, 99)],
    }
    assert [row.worker for row in tilings["clicks", 0].rows] == ["worker-1", "worker-1", "worker-2"]


def test_no_rows_are_no_tilings(reader: Reader) -> None:
    assert read_tilings(reader) == {}
    assert read_end(reader, "clicks", 0, window=10).last == -1
    assert next_offsets(reader) == {}


@pytest.mark.parametrize("window", [0, 1, 100, 101, 250, 5_000])
def test_the_end_has_the_window_and_not_much_more(writer: Writer, reader: Reader, window: int) -> None:
    add(writer, list(range(0, 2_000, N_RECORDS)), epoch=1)
    add(writer, [2_000, 2_100], epoch=2)
    add(writer, [2_000, 2_100, 2_200, 2_300], epoch=1)  # by one that doesn't know that it lost the partition
    add(writer, [9_000], epoch=7, partition=1)
    tiling = read_end(reader, "clicks", 0, window=window)
    assert next_offsets(reader) == {("clicks", 0): tiling.last + 1, ("clicks", 1): 9_100}
    assert tiling.last == 2_199
    assert len(tiling.rows) <= window // N_RECORDS + 2
    identity, offset = recent_identities(tiling, window)
    assert offset.tolist() == list(range(max(2_200 - window, 0), 2_200))
    assert identity.tolist() == [at + 1 for at in offset]


def test_an_old_owner_is_overruled_by_a_start_outside_of_the_window(writer: Writer, reader: Reader) -> None:
    add(writer, [0], epoch=1)
    add(writer, list(range(100, 2_000, N_RECORDS)), epoch=2)
    add(writer, [1_850], epoch=1)
    tiling = read_end(reader, "clicks", 0, window=150)
    assert [row.first for row in tiling.rows] == [1_800, 1_900]
    assert [row.first for row in tiling.superseded] == [1_850]
