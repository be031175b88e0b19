"""What an audit finds, judged from figures: pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from schemas.ledger import Span, Tiling
from schemas.tables import ROW_TABLES
from schemas.topics import ABOUT_PEOPLE


class TableCounts(NamedTuple):
    """Rows of a table at offsets that are done, after ``FINAL``."""

    rows: int = 0
    offsets: int = 0
    """Different ones."""
    events: int = 0
    """Different ones by ``user_id`` and ``event_id``."""
    repeats: int = 0
    """Rows by the ledger whose event had one before, beyond the window of duplicates: the table has the last alone."""
    dead_letters: int = 0
    expired: int = 0
    """Rows by the ledger of the runs of which retention may have removed some: left out of the counts above."""
    expired_dead_letters: int = 0


@dataclass(frozen=True, kw_only=True)
class OnBroker:
    """A partition as the broker sees it; ``None`` where it doesn't know."""

    start: int | None = None
    end: int | None = None
    """The offset after the last record."""
    committed: int | None = None
    """The group's: the offset after the last record that Kafka thinks done."""


@dataclass(frozen=True, kw_only=True)
class PartitionAudit:
    topic: str
    partition: int
    committed: int | None
    log_start: int | None
    log_end: int | None
    first: int
    """First and last offset by the ledger, -1 for none."""
    last: int
    records: int
    rows: int
    table_rows: int
    duplicates: int
    repeats: int
    dead_letters: int
    erased: int
    """Records about people who were erased."""
    dead_letter_rows: int
    expired: int
    """Rows of runs of which retention may have removed some. They aren't looked for, nor counted in ``table_rows``."""
    expired_dead_letters: int
    missing: int
    """Rows that the ledger has and the table doesn't."""
    double: int
    """Rows that the table has beyond those of the ledger."""
    gaps: list[Span]
    """Offsets with records that the ledger doesn't have."""
    holes: list[Span]
    """Offsets that the ledger doesn't have and the broker neither: transaction markers, or retention."""
    overlaps: list[Span]
    unbalanced: list[Span]
    """Runs of which it isn't known what became of each record, or that don't hold those of the broker."""
    superseded: int
    """Runs that an owner wrote after it had lost the partition: they don't count, and are no fault."""
    problems: list[str] = field(default_factory=list)

    @property
    def lag(self) -> int | None:
        """Records that aren't done yet, markers included."""
        if self.log_end is None or self.log_start is None:
            return None
        return max(0, self.log_end - max(self.last + 1, self.log_start))


@dataclass(frozen=True, kw_only=True)
class Audit:
    partitions: list[PartitionAudit]

    @property
    def ok(self) -> bool:
        return not self.problems

    @cached_property
    def problems(self) -> list[str]:
        return [
            f"{one.topic}, partition {one.partition}: {problem}" for one in self.partitions for problem in one.problems
        ]

    def total(self, figure: Callable[[PartitionAudit], int]) -> int:
        return sum(map(figure, self.partitions))

    def to_dict(self) -> dict[str, Any]:
        """What ``footfall audit --json`` prints."""

        def of_table(table: str) -> int:
            return self.total(lambda one: one.table_rows if ROW_TABLES[one.topic] == table else 0)

        return {
            "ok": self.ok,
            "missing": self.total(lambda one: one.missing),
            "double": self.total(lambda one: one.double),
            "gaps": self.total(lambda one: len(one.gaps)),
            "overlaps": self.total(lambda one: len(one.overlaps)),
            "unbalanced": self.total(lambda one: len(one.unbalanced)),
            "superseded": self.total(lambda one: one.superseded),
            "records": self.total(lambda one: one.records),
            "rows": self.total(lambda one: one.rows),
            "duplicates": self.total(lambda one: one.duplicates),
            "dead_letters": self.total(lambda one: one.dead_letters),
            "expired": self.total(lambda one: one.expired),
            "erased": self.total(lambda one: one.erased),
            "events_rows": of_table("events"),
            "labels_rows": of_table("labels"),
            "review_scores_rows": of_table("review_scores"),
            "problems": self.problems,
            "partitions": [asdict(one) | {"lag": one.lag} for one in self.partitions],
        }


def unledgered(tiling: Tiling, start: int | None) -> list[Span]:
    """The offsets up to the ledger's end that it doesn't have, beginning with the log's ``start``."""
    before = [Span(start, tiling.first - 1)] if tiling.rows and start is not None and start < tiling.first else []
    return before + list(tiling.gaps)


def examine(
    topic: str,
    partition: int,
    tiling: Tiling,
    counts: TableCounts,
    broker: OnBroker,
    records_on_broker: Callable[[Span], int | None],
) -> PartitionAudit:
    """Judge one partition. ``records_on_broker`` counts what the broker holds of a span, or is None for unknown."""
    gaps: list[Span] = []
    holes: list[Span] = []
    for span in unledgered(tiling, broker.start):
        (holes if records_on_broker(span) == 0 else gaps).append(span)
    records, rows, duplicates, dead_letters, erased = (
        sum(getattr(row, name) for row in tiling.rows)
        for name in ("records", "rows", "duplicates", "dead_letters", "erased")
    )
    distinct = min(counts.offsets, counts.events)
    expected = rows - counts.expired - counts.repeats
    audit = PartitionAudit(
        topic=topic,
        partition=partition,
        committed=broker.committed,
        log_start=broker.start,
        log_end=broker.end,
        first=tiling.first,
        last=tiling.last,
        records=records,
        rows=rows,
        table_rows=counts.rows,
        duplicates=duplicates,
        repeats=counts.repeats,
        dead_letters=dead_letters,
        erased=erased,
        dead_letter_rows=counts.dead_letters,
        expired=counts.expired,
        expired_dead_letters=counts.expired_dead_letters,
        missing=max(0, expected - distinct),
        double=counts.rows - distinct + max(0, distinct - expected),
        gaps=gaps,
        holes=holes,
        overlaps=list(tiling.overlaps),
        unbalanced=_unbalanced(topic, tiling, broker.start, records_on_broker),
        superseded=len(tiling.superseded),
    )
    audit.problems.extend(_problems(audit))
    return audit


def _unbalanced(
    topic: str, tiling: Tiling, start: int | None, records_on_broker: Callable[[Span], int | None]
) -> list[Span]:
    """A topic that Footfall compacts may have lost records since."""
    found = []
    fewer = topic in ABOUT_PEOPLE

    def holds(there: int | None, records: int) -> bool:
        return there is None or there == records or (fewer and there < records)

    for row in tiling.rows:
        span = Span(row.first, row.last)
        whole = start is not None and start <= row.first  # else retention has taken some
        if not row.balanced or (row.skipped and whole and not holds(records_on_broker(span), row.records)):
            found.append(span)
    return found


def _problems(audit: PartitionAudit) -> list[str]:
    table = ROW_TABLES[audit.topic]
    found = [f"the ledger has nothing of offsets {_offsets(gap)}, where there are records" for gap in audit.gaps]
    found += [f"the ledger has offsets {_offsets(overlap)} twice" for overlap in audit.overlaps]
    found += [
        f"the run of offsets {_offsets(run)} doesn't account for the records that it holds" for run in audit.unbalanced
    ]
    if audit.missing:
        found.append(f"{audit.missing} rows missing from {table}")
    if audit.double:
        found.append(f"{audit.double} rows too many in {table}")
    dead_letters = audit.dead_letters - audit.expired_dead_letters
    if audit.dead_letter_rows != dead_letters:
        found.append(f"{audit.dead_letter_rows} rows in dead_letters, where the ledger has {dead_letters}")
    done = audit.last + 1 if audit.last >= 0 else audit.log_start
    if audit.committed is not None and done is not None and audit.committed > done:
        found.append(f"committed up to {audit.committed}, but the ledger ends before {done}")
    if audit.log_end is None and audit.last >= 0:
        found.append("the ledger has it, but the broker hasn't: is it the right broker and topic prefix?")
    if audit.log_end is not None and audit.last >= audit.log_end:
        found.append(
            f"the ledger ends with {audit.last}, beyond the log's end {audit.log_end}: was the topic made anew?"
        )
    return found


def _offsets(span: Span) -> str:
    return f"{span.first} to {span.last}"
