"""The risk book: what it knows of whom, that no order makes a difference to it, and how others take its rows over."""

from __future__ import annotations

from itertools import pairwise
from math import exp
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.risk import RiskBook, Risks
from schemas.layout import KINDS
from schemas.risks import RISK_COLUMNS
from tests.models.profiles.logs import START_MS
from tests.models.profiles.reference import DAY_MS

IDS = ("ann's card", "bob's card", "zoe's card")
SCALES_DAYS = (1, 7, 30)


class Label(NamedTuple):
    """``id`` is empty where the purchase named none."""

    id: str
    ts: int
    is_fraud: bool


LABELS = st.lists(
    st.builds(
        Label,
        st.sampled_from(["", *IDS]),
        st.integers(0, 90 * 24).map(lambda hours: START_MS + hours * DAY_MS // 24),
        st.booleans(),
    ),
    max_size=30,
)
CUTS = st.sets(st.integers(0, 30))


def columns_of(labels: list[Label]) -> tuple[list[str], np.ndarray, np.ndarray]:
    return (
        [label.id for label in labels],
        np.array([label.ts for label in labels], dtype=np.int64),
        np.array([label.is_fraud for label in labels], dtype=np.bool_),
    )


def batches(labels: list[Label], cuts: set[int]) -> list[list[Label]]:
    limits = sorted({0, len(labels), *(cut for cut in cuts if cut < len(labels))})
    return [labels[start:end] for start, end in pairwise(limits)]


def book_of(labels: list[Label], cuts: set[int] = frozenset(), kind: str = "card") -> RiskBook:  # type: ignore[assignment]
    book = RiskBook()
    for batch in batches(labels, cuts):
        book.add(kind, *columns_of(batch))
    return book


def known(book: RiskBook, ts: int, kind: str = "card") -> Risks:
    return book.look_up(kind, ["", *IDS], np.full(len(IDS) + 1, ts))


def expected(labels: list[Label], ts: int) -> tuple[list[list[float]], list[list[float]]]:
    counts: tuple[list[list[float]], list[list[float]]] = ([], [])
    for id in ("", *IDS):
        own = [label for label in labels if label.id and label.id == id]
        now = max([ts, *(label.ts for label in own)])
        weights = [[exp(-(now - label.ts) / (days * DAY_MS)) for days in SCALES_DAYS] for label in own]
        has_fraud = any(label.is_fraud for label in own)
        for found, counted in zip(counts, ([True] * len(own), [label.is_fraud for label in own]), strict=True):
            rows = [row for row, counts_here in zip(weights, counted, strict=True) if counts_here and has_fraud]
            found.append([sum(row[scale] for row in rows) for scale in range(3)])
    return counts


def assert_known(found: Risks, labels: list[Label], ts: int) -> None:
    for one, other in zip(found, expected(labels, ts), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@given(labels=LABELS, cuts=CUTS, ts=st.integers(0, 120).map(lambda day: START_MS + day * DAY_MS))
def test_counts_are_decayed_by_the_age_of_the_purchase(labels: list[Label], cuts: set[int], ts: int) -> None:
    assert_known(known(book_of(labels, cuts), ts), labels, ts)


@given(labels=LABELS, cuts=CUTS, data=st.data())
def test_the_order_of_labels_makes_no_difference(labels: list[Label], cuts: set[int], data: st.DataObject) -> None:
    ts = START_MS + 100 * DAY_MS
    one, other = known(book_of(labels), ts), known(book_of(data.draw(st.permutations(labels)), cuts), ts)
    np.testing.assert_allclose(one.labels, other.labels, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(one.frauds, other.frauds, rtol=1e-9, atol=1e-12)


@given(labels=LABELS, data=st.data())
def test_a_corrected_label_counts_as_if_it_had_always_been_so(labels: list[Label], data: st.DataObject) -> None:
    book = book_of(labels)
    final = list(labels)
    for _ in range(data.draw(st.integers(0, 6)) if labels else 0):
        at = data.draw(st.integers(0, len(labels) - 1))
        final[at] = final[at]._replace(is_fraud=not final[at].is_fraud)
        book.correct("card", *columns_of([final[at]]))
    ts = START_MS + 95 * DAY_MS
    found, (labelled, frauds) = known(book, ts), expected(final, ts)
    np.testing.assert_allclose(found.labels, labelled, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.frauds, frauds, rtol=1e-9, atol=1e-9)


def test_a_fraud_that_was_none_leaves_nothing() -> None:
    fraud = Label(IDS[0], START_MS, True)
    book = book_of([fraud, Label(IDS[0], START_MS + DAY_MS, False)])
    book.correct("card", *columns_of([fraud._replace(is_fraud=False)]))
    assert not any(counts.any() for counts in known(book, START_MS + DAY_MS))


def test_labels_before_the_first_fraud_count() -> None:
    book = book_of([Label(IDS[0], START_MS, False)] * 9)
    assert not any(counts.any() for counts in known(book, START_MS))
    assert not len(book.changed_since(0)["id"])
    book.add("card", *columns_of([Label(IDS[0], START_MS, True)]))
    found = known(book, START_MS)
    assert found.labels[1].tolist() == [10, 10, 10]
    assert found.frauds[1].tolist() == [1, 1, 1]
    assert found.risk("7d")[1] == pytest.approx(1 / 11)
    assert found.log_frauds("7d")[1] == pytest.approx(np.log(2))


def test_kinds_are_apart() -> None:
    book = book_of([Label(IDS[0], START_MS, True)], kind="merchant")
    assert known(book, START_MS, "merchant").frauds.any()
    assert not known(book, START_MS, "card").frauds.any()
    assert book.changed_since(0)["kind"].tolist() == [KINDS.index("merchant")]  # type: ignore[union-attr]


@given(labels=LABELS, cuts=CUTS, data=st.data())
def test_who_takes_rows_over_knows_the_same(labels: list[Label], cuts: set[int], data: st.DataObject) -> None:
    """Polled now and then, each poll's rows once or again, and in whatever order they come."""
    writer, reader, parts = RiskBook(epoch=3), RiskBook(), []
    for batch in batches(labels, cuts):
        writer.add("card", *columns_of(batch))
        if data.draw(st.booleans()):
            parts.append(writer.changed_since(reader.version))
            reader.take_over(parts[-1])
    parts.append(writer.changed_since(reader.version))
    for columns in data.draw(st.permutations([*parts, *parts])):
        reader.take_over(columns)
    ts = START_MS + 95 * DAY_MS
    for one, other in zip(known(reader, ts), known(writer, ts), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not len(writer.changed_since(writer.version)["id"])


def test_who_takes_rows_over_hears_of_a_fraud_that_was_none() -> None:
    fraud = Label(IDS[0], START_MS, True)
    writer, reader = book_of([fraud]), RiskBook()
    reader.take_over(writer.changed_since(0))
    assert known(reader, START_MS).frauds.any()
    writer.correct("card", *columns_of([fraud._replace(is_fraud=False)]))
    reader.take_over(writer.changed_since(reader.version))
    assert not known(reader, START_MS).frauds.any()


def test_a_later_writer_overrules_the_one_before() -> None:
    before, after, reader = RiskBook(epoch=1), RiskBook(epoch=2), RiskBook()
    for _ in range(5):
        before.add("card", *columns_of([Label(IDS[0], START_MS, True)]))
    after.add("card", *columns_of([Label(IDS[0], START_MS, True)]))
    for book in (after, before):
        reader.take_over(book.changed_since(0))
    assert known(reader, START_MS).frauds[1].tolist() == [1, 1, 1]


def test_the_newer_of_two_rows_of_one_poll_stays() -> None:
    book = book_of([Label(IDS[0], START_MS, True)])
    older = book.changed_since(0)
    book.add("card", *columns_of([Label(IDS[0], START_MS, True)]))
    newer = book.changed_since(0)
    both = {name: np.concatenate([newer[name], older[name]]) for name in RISK_COLUMNS}
    reader = RiskBook()
    reader.take_over(both)
    assert known(reader, START_MS).frauds[1].tolist() == [2, 2, 2]


def test_rows_have_the_columns_that_are_declared() -> None:
    columns = book_of([Label(IDS[0], START_MS, True)]).changed_since(0)
    types = {"UInt8": np.uint8, "UInt64": np.uint64, "Int64": np.int64, "Float64": np.float64}
    assert list(columns) == list(RISK_COLUMNS)
    for name, column in columns.items():
        assert RISK_COLUMNS[name] == "String" or column.dtype == types[RISK_COLUMNS[name]]  # type: ignore[union-attr]


def test_those_not_heard_of_any_more_are_forgotten() -> None:
    book = book_of([Label(f"card {day}", START_MS + day * DAY_MS, day % 2 == 0) for day in range(1_000)])
    recent = START_MS + 900 * DAY_MS
    before = book.look_up("card", ["card 950", "card 951"], np.full(2, recent + 100 * DAY_MS))
    assert book.forget_before(recent) == 900
    assert len(book) == 100
    found = book.look_up("card", ["card 950", "card 951"], np.full(2, recent + 100 * DAY_MS))
    np.testing.assert_array_equal(found.frauds, before.frauds)
    assert found.frauds[0].all()
    assert not book.look_up("card", ["card 0"], np.array([START_MS])).frauds.any()
    book.add("card", *columns_of([Label("card 0", recent, True)]))
    assert book.look_up("card", ["card 0"], np.array([recent])).frauds.tolist() == [[1, 1, 1]]


def test_nothing_is_known_of_nobody() -> None:
    book = RiskBook()
    book.add("card", [], np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_))
    book.add("card", [""], np.array([START_MS]), np.array([True]))
    assert len(book) == book.version == 0
    assert book.look_up("card", [], np.empty(0, dtype=np.int64)).frauds.shape == (0, 3)
    RiskBook().take_over(book.changed_since(0))
