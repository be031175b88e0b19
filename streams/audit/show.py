"""An audit for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from streams.audit.findings import Audit, PartitionAudit

_COLUMNS = (
    "topic",
    "partition",
    "log",
    "committed",
    "ledger",
    "lag",
    "records",
    "rows",
    "in table",
    "duplicates",
    "dead letters",
    "gaps",
    "overlaps",
    "missing",
    "double",
)


def show(audit: Audit, console: Console) -> None:
    """Print a row a partition, the totals, and each problem in a line."""
    table = Table(box=None, pad_edge=False, show_footer=True)
    totals = _totals(audit)
    for name in _COLUMNS:
        table.add_column(name, totals.get(name, ""), justify="left" if name == "topic" else "right")
    for one in audit.partitions:
        table.add_row(*_row(one), style="red" if one.problems else None)
    console.print(table)
    superseded = audit.total(lambda one: one.superseded)
    if superseded:
        console.print(f"{superseded} runs were overruled by a later owner, which is no fault.", style="dim")
    expired = audit.total(lambda one: one.expired)
    if expired:
        console.print(f"{expired:,} rows are of runs of which some have expired: they weren't looked for.", style="dim")
    erased = audit.total(lambda one: one.erased)
    if erased:
        console.print(f"{erased} records are about people who were erased.", style="dim")
    for problem in audit.problems:
        console.print(problem, style="red", markup=False, highlight=False, soft_wrap=True)
    if audit.ok:
        console.print("Every record up to the ledger's end was written once.", style="green")


def _row(one: PartitionAudit) -> list[str]:
    log = "" if one.log_start is None or one.log_end is None else f"{one.log_start}-{one.log_end}"
    ledger = f"{one.first}-{one.last}" if one.last >= 0 else ""
    figures = [one.lag, one.records, one.rows, one.table_rows, one.duplicates, one.dead_letters]
    faults = [len(one.gaps), len(one.overlaps), one.missing, one.double]
    return [
        one.topic,
        str(one.partition),
        log,
        "" if one.committed is None else str(one.committed),
        ledger,
        *("" if figure is None else f"{figure:,}" for figure in figures),
        *(f"{fault:,}" for fault in faults),
    ]


def _totals(audit: Audit) -> dict[str, str]:
    totals = {
        "lag": audit.total(lambda one: one.lag or 0),
        "records": audit.total(lambda one: one.records),
        "rows": audit.total(lambda one: one.rows),
        "in table": audit.total(lambda one: one.table_rows),
        "duplicates": audit.total(lambda one: one.duplicates),
        "dead letters": audit.total(lambda one: one.dead_letters),
        "gaps": audit.total(lambda one: len(one.gaps)),
        "overlaps": audit.total(lambda one: len(one.overlaps)),
        "missing": audit.total(lambda one: one.missing),
        "double": audit.total(lambda one: one.double),
    }
    return {"topic": "all"} | {name: f"{total:,}" for name, total in totals.items()}
