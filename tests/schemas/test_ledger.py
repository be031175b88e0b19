from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ledger import LedgerRow, Span, recent_identities, tile


def row(first: int, last: int, epoch: int = 1, **counts: int) -> LedgerRow:
    n = last - first + 1
    return LedgerRow(
        first=first,
        last=last,
        epoch=epoch,
        records=counts.get("records", n),
        rows=counts.get("rows", n),
        duplicates=counts.get("duplicates", 0),
        dead_letters=counts.get("dead_letters", 0),
        identities=np.arange(first + 1, last + 2, dtype="<u8").tobytes(),
    )


@st.composite
def owners(draw: st.DrawFn) -> tuple[list[LedgerRow], int, int]:
    """Ledger rows as owners leave them who lose the partition and don't notice at once; first and last offset done."""
    begin = draw(st.integers(0, 1_000))
    rows: list[LedgerRow] = []
    end = begin - 1
    for epoch in range(1, draw(st.integers(1, 5)) + 1):
        position = end + 1
        for length in draw(st.lists(st.integers(1, 50), max_size=6)):
            rows.append(row(position, position + length - 1, epoch))
            position += length
            end = position - 1
        zombie_start = end + 1
        for length in draw(st.lists(st.integers(1, 50), max_size=3)):
            rows.append(row(zombie_start, zombie_start + length - 1, epoch))
            zombie_start += length
    # What the last owner wrote isn't a zombie's.
    last_epoch = max((one.epoch for one in rows), default=0)
    end = max((one.last for one in rows if one.epoch == last_epoch), default=-1)
    return draw(st.permutations(rows)), begin, end


@given(owners())
def test_whatever_zombies_write_the_offsets_are_tiled(left: tuple[list[LedgerRow], int, int]) -> None:
    rows, begin, end = left
    tiling = tile(rows)
    assert not tiling.gaps
    assert not tiling.overlaps
    assert tiling.last == end
    assert len(tiling.rows) + len(tiling.superseded) == len(rows)
    if rows:
        assert tiling.spans == [Span(begin, end)]
        covered = [offset for one in tiling.rows for offset in range(one.first, one.last + 1)]
        assert covered == list(range(begin, end + 1))


@given(st.lists(st.integers(1, 20), min_size=3, max_size=20), st.data())
def test_a_lost_row_is_a_gap(lengths: list[int], data: st.DataObject) -> None:
    ends = np.cumsum(lengths)
    rows = [row(int(end) - length, int(end) - 1) for end, length in zip(ends, lengths, strict=True)]
    lost = rows.pop(data.draw(st.integers(1, len(rows) - 2)))
    tiling = tile(rows)
    assert tiling.gaps == (Span(lost.first, lost.last),)
    assert tiling.spans == [Span(0, lost.first - 1), Span(lost.last + 1, rows[-1].last)]


@given(st.lists(st.integers(2, 20), min_size=2, max_size=20), st.data())
def test_a_row_that_begins_too_early_is_an_overlap(lengths: list[int], data: st.DataObject) -> None:
    ends = np.cumsum(lengths)
    rows = [row(int(end) - length, int(end) - 1) for end, length in zip(ends, lengths, strict=True)]
    at = data.draw(st.integers(1, len(rows) - 1))
    rows[at] = row(rows[at].first - 1, rows[at].last)
    tiling = tile(rows)
    assert tiling.overlaps == (Span(rows[at].first, rows[at].first),)
    assert not tiling.gaps


def test_no_rows() -> None:
    tiling = tile([])
    assert (tiling.first, tiling.last, tiling.spans) == (-1, -1, [])


def test_an_epoch_overrules_all_earlier_ones_from_its_first_offset_on() -> None:
    tiling = tile([row(0, 9, 1), row(10, 19, 1), row(20, 29, 2), row(30, 39, 2), row(10, 14, 3)])
    assert [(one.first, one.epoch) for one in tiling.rows] == [(0, 1), (10, 3)]
    assert [(one.first, one.epoch) for one in tiling.superseded] == [(10, 1), (20, 2), (30, 2)]
    assert tiling.last == 14


def test_a_row_across_the_start_of_a_later_epoch_is_an_overlap() -> None:
    tiling = tile([row(0, 9, 1), row(5, 14, 2)])
    assert tiling.overlaps == (Span(5, 9),)
    assert tiling.last == 14


def test_with_part_of_the_rows_the_starts_say_who_is_overruled() -> None:
    late_zombie = row(95, 99, 1)
    assert tile([late_zombie, row(100, 109, 2)]).superseded == ()
    assert tile([late_zombie, row(100, 109, 2)], {1: 0, 2: 50}).superseded == (late_zombie,)


@pytest.mark.parametrize(
    ("counts", "balanced"),
    [
        ({}, True),
        ({"rows": 8, "duplicates": 1, "dead_letters": 1}, True),
        ({"records": 9, "rows": 9}, True),
        ({"rows": 9}, False),
        ({"duplicates": 1}, False),
        ({"records": 11, "rows": 11}, False),
    ],
)
def test_records_are_accounted_for(counts: dict[str, int], balanced: bool) -> None:
    assert row(0, 9, **counts).balanced == balanced


@pytest.mark.parametrize("window", [0, 1, 9, 10, 11, 25, 1_000])
def test_recent_identities_are_those_of_the_last_offsets(window: int) -> None:
    rows = [row(0, 9), row(10, 19), row(30, 39)]
    identity, offset = recent_identities(tile(rows), window)
    done = [*range(20), *range(30, 40)]
    assert offset.tolist() == [at for at in done if at > 39 - window]
    assert identity.tolist() == [at + 1 for at in offset]


def test_offsets_without_a_row_have_no_identity() -> None:
    one = LedgerRow(
        first=5,
        last=7,
        epoch=1,
        records=3,
        rows=2,
        duplicates=1,
        dead_letters=0,
        identities=np.array([3, 0, 2**63], "<u8").tobytes(),
    )
    identity, offset = recent_identities(tile([one]), 10)
    assert (identity.tolist(), offset.tolist()) == ([3, 2**63], [5, 7])


def test_identities_that_dont_fit_their_offsets_are_refused() -> None:
    bad = LedgerRow(first=0, last=9, epoch=1, records=10, rows=10, duplicates=0, dead_letters=0, identities=b"12345678")
    with pytest.raises(ValueError, match="Ledger row 0 to 9 has 1 identities"):
        recent_identities(tile([bad]), 5)
