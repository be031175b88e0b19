"""Columns of records are the same as the records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import NO_TIME, Joined, Record, Records

strings = st.none() | st.binary(max_size=3) | st.just(b"\n")
runs = st.lists(st.tuples(st.integers(1, 3), st.integers(-1, 1 << 50), strings, strings), max_size=6).map(
    lambda rows: [Record(sum(row[0] for row in rows[: at + 1]), *row[1:]) for at, row in enumerate(rows)]
)


@given(runs)
def test_records_come_out_as_they_went_in(run: list[Record]) -> None:
    records = Records.of(run)
    assert len(records) == len(run)
    assert list(records) == [records[row] for row in range(len(run))] == run
    assert records.values.text == b"\n".join(record.value or b"" for record in run)


@given(runs, st.integers(-1, 20))
def test_after_an_offset(run: list[Record], offset: int) -> None:
    assert list(Records.of(run).after(offset)) == [record for record in run if record.offset > offset]


@given(st.lists(runs, max_size=4))
def test_parts_are_joined_one_after_the_other(parts: list[list[Record]]) -> None:
    joined = Records.joined([Records.of(part) for part in parts])
    together = Records.of([record for part in parts for record in part])
    assert list(joined) == list(together)
    assert (joined.keys.text, joined.values.text) == (together.keys.text, together.values.text)


@given(st.lists(strings, min_size=1), st.data())
def test_spans_are_where_the_strings_are(items: list[bytes | None], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(items)))
    joined = Joined.of(items).since(row)
    spans = zip(joined.start.tolist(), joined.end.tolist(), strict=True)
    assert [joined.text[start:end] for start, end in spans] == [item or b"" for item in items[row:]]


def test_a_record_of_the_oldest_format_has_no_time() -> None:
    class Old:
        offset, timestamp, key, value = 7, None, None, b"{}"

    assert list(Records.of([Old()])) == [Record(7, NO_TIME, None, b"{}")]


def test_columns_are_not_changed_by_accident() -> None:
    with pytest.raises(AttributeError):
        Records.of([]).offset = None  # type: ignore[misc, assignment]
