"""The demo's summary for a person."""

from __future__ import annotations

from rich.console import Console, Group
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from streams.demo.run import Demo


def show(demo: Demo, console: Console, *, kept: bool) -> None:
    console.print()
    console.print(Panel(Group(_throughput(demo), Text(), _exactness(demo)), title=demo.scenario.title))
    for part in demo.story.shown():
        console.print(part)
    console.print(_queries(demo, kept=kept))


def _throughput(demo: Demo) -> Table:
    grid = Table.grid(padding=(0, 2))
    figures = demo.figures
    grid.add_row("Records", f"{demo.records:,}", f"{demo.events_per_s:,.0f} a second, as fast as they go")
    grid.add_row(
        "Worker CPU",
        f"{demo.worker_cpu_us_per_event:.1f} µs an event",
        f"{len(demo.workers)} workers, start-up included",
    )
    grid.add_row(
        "Profiles",
        f"{sum(figures.profiles.values()):,}",
        ", ".join(f"{count:,} of kind {kind}" for kind, count in figures.profiles.items()),
    )
    grid.add_row("Reviews", f"{figures.reviews:,}", "read by a text worker, whose findings are in the profiles")
    grid.add_row(
        "Alerts",
        f"{sum(figures.alerts.values()):,}",
        ", ".join(f"{count:,} of {kind}" for kind, count in figures.alerts.items())
        + f"; {figures.suppressed:,} more about the same weren't sent",
    )
    grid.add_row(
        "Rows",
        f"{sum(figures.tables.values()):,}",
        ", ".join(f"{count:,} {table}" for table, count in figures.tables.items()),
    )
    return grid


def _exactness(demo: Demo) -> Text:
    found = demo.audit.to_dict()
    verdict = (
        f"{found['missing']} missing, {found['double']} double; "
        f"{demo.sent_again:,} sent twice count once, {found['dead_letters']:,} were no events"
    )
    if demo.problems:
        return Text.assemble(("✗ ", "bold red"), verdict, "; ", "; ".join(demo.problems))
    members = sum(one.members for one in demo.segments.segments)
    return Text.assemble(
        ("✓ audited: ", "bold green"),
        f"every record written once; {verdict}\n",
        ("✓ verified: ", "bold green"),
        f"{members:,} members of {len(demo.segments.segments)} segments, as the raw events have them; "
        f"{demo.segments.changes:,} changes told once each",
    )


def _queries(demo: Demo, *, kept: bool) -> Group:
    parts: list[Text | Syntax] = [Text("\nAsk more:", style="bold")]
    for title, sql in demo.scenario.queries.items():
        parts.append(Text(f"  {title}", style="dim"))
        parts.append(Syntax(f'footfall query "{sql}"', "bash", word_wrap=True, background_color="default"))
    if kept:
        parts.append(Text("The servers are up; `footfall local status` says where, `footfall local down` stops them."))
    else:
        parts.append(Text("`make demo KEEP=1` leaves the servers up for that."))
    return Group(*parts)
