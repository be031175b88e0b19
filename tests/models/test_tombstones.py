from __future__ import annotations

import numpy as np
import pytest

from models.profiles.table import ProfileTable
from models.risk import RiskBook
from models.suppression import Sent, Suppression
from models.tombstones import Tombstone, Tombstones
from schemas.identifiers import BUCKETS
from schemas.texts import Texts

KEY = b"0123456789abcdef"
ANN = Tombstone.of(KEY, "user", "ann")
IDS = [f"user-{n}" for n in range(50)] + ["ann", "", "Ann", "ann"]


def test_the_erased_are_found_among_others() -> None:
    stones = Tombstones(KEY, [ANN, Tombstone.of(KEY, "card", "4111")], number=7)
    assert np.flatnonzero(stones.among("user", Texts.of(IDS))).tolist() == [50, 53]
    assert np.flatnonzero(stones.among("user", IDS)).tolist() == [50, 53]
    assert stones.among("card", ["ann", "4111"]).tolist() == [False, True]
    assert not stones.among("device", IDS).any()
    assert not stones.among("user", []).any()


def test_a_bucket_s_others_aren_t_erased() -> None:
    stones = Tombstones(KEY, [ANN._replace(bucket=bucket) for bucket in range(BUCKETS)], number=1)
    assert np.flatnonzero(stones.among("user", IDS)).tolist() == [50, 53]


def test_another_key_finds_nobody() -> None:
    assert not Tombstones(KEY[::-1], [ANN], number=1).among("user", IDS).any()


def test_without_any_there_is_nothing_to_do() -> None:
    assert not Tombstones()
    assert not Tombstones().among("user", IDS).any()


def test_a_table_forgets_clean_rows_only() -> None:
    table = ProfileTable(epoch=1)
    table.create(["ann", "bob", "eve"])
    table._dirty[table.locate(["eve"])] = True
    stones = Tombstones(KEY, [ANN, Tombstone.of(KEY, "user", "eve")], number=1)
    assert table.forget_where(lambda ids: stones.among("user", ids)) == 1
    assert (table.locate(["ann", "bob", "eve"]) >= 0).tolist() == [False, True, True]


def test_a_book_of_risks_forgets() -> None:
    book = RiskBook(epoch=1)
    book.add("card", ["4111", "4222"], np.array([5, 5]), np.array([True, True]))
    assert book.forget_erased(Tombstones(KEY, [Tombstone.of(KEY, "card", "4111")], number=1)) == 1
    assert book.look_up("card", ["4111", "4222"], np.array([5, 5])).frauds[:, 0].tolist() == pytest.approx([0.0, 1.0])


def test_suppression_forgets_what_was_sent_about_them() -> None:
    suppression = Suppression(1_000, sent=[("a", Sent(5, "1", "ann")), ("b", Sent(5, "2", "bob"))])
    suppression.forget_erased(Tombstones(KEY, [ANN], number=1))
    assert set(suppression._sent) == {"b"}
