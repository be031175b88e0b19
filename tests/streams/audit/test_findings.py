from __future__ import annotations

import pytest

from schemas.ledger import LedgerRow, Span, tile
from streams.audit.findings import OnBroker, PartitionAudit, TableCounts, examine


def row(first: int, last: int, records: int) -> LedgerRow:
    return LedgerRow(first=first, last=last, epoch=1, records=records, rows=records, duplicates=0, dead_letters=0)


def examined(
    rows: list[LedgerRow], broker: OnBroker, records_on_broker: dict[Span, int] | None = None
) -> PartitionAudit:
    n = sum(one.rows for one in rows)
    return examine("clicks", 0, tile(rows), TableCounts(n, n, n), broker, (records_on_broker or {}).get)


WHOLE_LOG = OnBroker(start=0, end=30, committed=30)


def test_offsets_without_records_between_runs_are_holes() -> None:
    audit = examined([row(0, 9, 10), row(11, 29, 19)], WHOLE_LOG, {Span(10, 10): 0})
    assert (audit.holes, audit.gaps, audit.problems) == ([Span(10, 10)], [], [])


@pytest.mark.parametrize("on_broker", [{Span(10, 10): 1}, {}])
def test_with_a_record_or_without_an_answer_they_are_gaps(on_broker: dict[Span, int]) -> None:
    assert examined([row(0, 9, 10), row(11, 29, 19)], WHOLE_LOG, on_broker).gaps == [Span(10, 10)]


@pytest.mark.parametrize(
    ("start", "on_broker", "off"),
    [(0, 8, False), (0, 9, True), (0, 7, True), (5, 4, False), (None, None, False)],
)
def test_a_run_with_fewer_records_than_offsets(start: int | None, on_broker: int | None, off: bool) -> None:
    counted = {} if on_broker is None else {Span(0, 9): on_broker}
    broker = OnBroker(start=start, end=10 if start is not None else None)
    assert bool(examined([row(0, 9, 8)], broker, counted).unbalanced) == off


def test_retention_is_no_gap() -> None:
    audit = examined([row(100, 109, 10)], OnBroker(start=105, end=110, committed=110))
    assert (audit.gaps, audit.problems, audit.lag) == ([], [], 0)


def test_a_broker_without_the_topic() -> None:
    (problem,) = examined([row(0, 9, 10)], OnBroker()).problems
    assert problem == "the ledger has it, but the broker hasn't: is it the right broker and topic prefix?"


def test_records_that_nobody_has_done_are_lag() -> None:
    assert examined([], OnBroker(start=20, end=30)).lag == 10
    assert examined([row(0, 9, 10)], WHOLE_LOG).lag == 20
