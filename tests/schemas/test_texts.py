"""Texts against lists of strings, for any strings."""

from __future__ import annotations

import numpy as np
import pytest
import xxhash
from clickhouse_driver import Client
from hypothesis import given
from hypothesis import strategies as st

from schemas.hashing import hash_of
from schemas.texts import Pools, Texts

VALUES = st.lists(st.one_of(st.sampled_from(["", "a", "b", "\0", "ä"]), st.text(max_size=80)), max_size=30)


@given(VALUES)
def test_a_column_reads_as_the_list_that_it_was_made_of(values: list[str]) -> None:
    texts = Texts.of(values)
    assert texts.tolist() == values == list(texts)
    assert [texts[row] for row in range(len(texts))] == values
    assert texts[1:].tolist() == values[1:]
    assert texts.take(np.arange(len(values))[::-1]).tolist() == values[::-1]


@given(VALUES)
def test_hashes_are_xxh64(values: list[str]) -> None:
    texts = Texts.of(values)
    assert texts.hashes().tolist() == [hash_of(value) for value in values]
    seeds = np.arange(len(values), dtype=np.uint64) * np.uint64(2**61)
    expected = [
        xxhash.xxh64_intdigest(value.encode(), seed=int(seed)) if value else 0
        for value, seed in zip(values, seeds, strict=True)
    ]
    assert texts.hashes(seeds).tolist() == expected


def test_seeds_are_as_many_as_texts() -> None:
    with pytest.raises(ValueError, match="2 seeds for 3 texts"):
        Texts.of(["a", "b", "c"]).hashes(np.zeros(2, dtype=np.uint64))


@pytest.mark.parametrize("size", [*range(1, 40), 63, 64, 65, 1_000])
def test_every_length_hashes_as_in_the_package(size: int) -> None:
    value = "".join(chr(97 + index % 26) for index in range(size))
    assert Texts.of([value]).hashes().tolist() == [xxhash.xxh64_intdigest(value.encode())]


@given(VALUES)
def test_distinct_values_come_in_the_order_of_their_first_rows(values: list[str]) -> None:
    distinct = Texts.of(values).distinct()
    assert distinct.values == list(dict.fromkeys(values))
    assert [distinct.values[code] for code in distinct.code] == values


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_joined_columns_are_one_after_the_other(parts: list[list[str]]) -> None:
    assert Pools().joined([Texts.of(part) for part in parts]).tolist() == [value for part in parts for value in part]


def test_columns_that_share_pools_share_the_joined_one() -> None:
    one, other = Texts.of(["ann", "bob"]), Texts.of(["cid"])
    pools = Pools()
    first, second = pools.joined([one, other]), pools.joined([one[:1], other])
    assert first.pool is second.pool
    assert (first.tolist(), second.tolist()) == (["ann", "bob", "cid"], ["ann", "cid"])


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 2_097_152])
def test_sizes_go_out_as_varints(size: int) -> None:
    sent = bytes(Texts.of(["x" * size]).with_sizes())
    value = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(sent[: len(sent) - size]))
    assert (value, sent[len(sent) - size :]) == (size, b"x" * size)


def test_clickhouse_hashes_alike(clickhouse: tuple[str, int]) -> None:
    values = ["a", "ä", "x" * 31, "x" * 32, "x" * 100]
    with Client(*clickhouse) as client:
        ((hashes,),) = client.execute("SELECT arrayMap(v -> xxHash64(v), %(values)s)", {"values": values})
    assert hashes == Texts.of(values).hashes().tolist()
