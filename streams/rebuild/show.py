"""A rebuild's report for people."""

from __future__ import annotations

from streams.rebuild.run import Report
from streams.rebuild.swap import OLD


def lines(report: Report, *, old_dropped: bool = False) -> list[str]:
    found = report.comparison
    told = [
        f"{report.read:,} events read in {report.seconds:.1f} s, {report.rate:,.0f} a second; "
        f"the profiles contain {report.events:,}, for {report.partitions} partitions",
        f"{found.before:,} profile rows before, {found.after:,} after: {found.only_before:,} gone, "
        f"{found.only_after:,} new, {found.differing:,} different",
    ]
    if report.moved:
        told.append(f"{report.moved:,} events came by another partition than that in which their shoppers live")
    if found.ahead:
        told.append(f"{found.ahead:,} rows contained records beyond the ledger's end, and weren't compared")
    if report.events != report.ledger_rows:
        told.append(f"The ledger has {report.ledger_rows:,} events: were some deleted, or sent again much later?")
    if report.swapped:
        told.append("The rebuilt profiles are live" + ("" if old_dropped else f"; the former ones are in {OLD}"))
    else:
        told.append("Nothing was swapped; `footfall rebuild` goes on from here")
    return told
