"""A soak's report for a person."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from streams.soak.report import Soak


def show(soak: Soak, console: Console) -> None:
    faults = ", ".join(f"{name} {n}" for name, n in soak.faults.items()) or "none"
    if soak.leaders_killed:
        faults += f"; {soak.leaders_killed} of the workers were leading"
    audited = soak.audit.to_dict()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row("Sent", f"{soak.records:,} records, {soak.records_per_s:,.0f} a second")
    table.add_row("Killed", faults)
    table.add_row("Found", f"{audited['rows']:,} rows, {audited['missing']} missing, {audited['double']} double")
    segments, found = soak.segments, soak.segments.segments
    table.add_row(
        "Segments",
        f"{sum(one.members for one in found):,} members of {len(found)}, {sum(one.aside for one in found):,} aside; "
        f"{segments.changes:,} changes in {segments.messages:,} messages",
    )
    table.add_row("Lag", f"{soak.highest_lag:,} records at the most, none {soak.drain_s:.1f} s after the load's end")
    for name, of in soak.growth.items():
        grew = f"{of.mib:,.0f} MiB, {of.mib_per_min:+.1f} a minute over {of.seconds:.0f} s of calm ({of.share:+.1%})"
        table.add_row(name, grew)
    console.print(table)
    for problem in soak.problems:
        console.print(problem, style="red", markup=False, highlight=False, soft_wrap=True)
    if soak.ok:
        verdict = "Nothing lost, nothing double, segments as the events have them, memory flat, lag gone."
        console.print(verdict, style="green", soft_wrap=True)
