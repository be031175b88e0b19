"""The demo's summary for a person."""

from __future__ import annotations

from rich.console import Console, Group
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from streams.demo.figures import LATELY_DAYS
from streams.demo.run import Demo

QUERIES = {
    "Revenue by country": (
        "SELECT country, uniqExact(user_id) AS shoppers, round(sum(amount)) AS revenue FROM events FINAL "
        "WHERE type = 'purchase' GROUP BY country ORDER BY revenue DESC LIMIT 5"
    ),
    "Who spends and falls silent": (
        "SELECT id, round(total_spent) AS spent, last_at FROM profiles FINAL WHERE kind_name = 'user' "
        "AND last_at < (SELECT max(ts) FROM events) - INTERVAL 60 DAY ORDER BY total_spent DESC LIMIT 5"
    ),
    "Churn probability by day": (
        "SELECT toDate(ts) AS day, count() AS events, round(avg(churn_score), 3) AS churn FROM events FINAL "
        "WHERE churn_state = 2 GROUP BY day ORDER BY day DESC LIMIT 5"
    ),
}


def show(demo: Demo, console: Console, *, kept: bool) -> None:
    console.print()
    console.print(
        Panel(Group(_throughput(demo), Text(), _exactness(demo), Text(), _churn(demo)), title="A year of a shop")
    )
    console.print(_months(demo))
    console.print(_riskiest(demo))
    console.print(_falling(demo))
    console.print(_similar(demo))
    console.print(_queries(demo, kept=kept))


def _throughput(demo: Demo) -> Table:
    grid = Table.grid(padding=(0, 2))
    tables = demo.figures.tables
    grid.add_row(
        "Events",
        f"{demo.events:,}",
        f"{demo.events_per_s:,.0f} a second, as fast as they go",
    )
    grid.add_row(
        "Worker CPU",
        f"{demo.worker_cpu_us_per_event:.1f} µs an event",
        f"{len(demo.workers)} workers, start-up included",
    )
    grid.add_row(
        "Profiles",
        f"{sum(demo.figures.profiles.values()):,}",
        ", ".join(f"{count:,} of kind {kind}" for kind, count in demo.figures.profiles.items()),
    )
    grid.add_row("Reviews", f"{demo.figures.reviews:,}", "read by a text worker, whose findings are in the profiles")
    grid.add_row(
        "Rows", f"{sum(tables.values()):,}", ", ".join(f"{count:,} {table}" for table, count in tables.items())
    )
    return grid


def _exactness(demo: Demo) -> Text:
    found = demo.audit.to_dict()
    verdict = f"{found['missing']} missing, {found['double']} double, {found['dead_letters']} dead letters"
    if demo.audit.ok:
        return Text.assemble(("✓ audited: ", "bold green"), "every record written once; ", verdict)
    return Text.assemble(("✗ audit: ", "bold red"), verdict, "; ", "; ".join(demo.audit.problems))


def _churn(demo: Demo) -> Text:
    churn = demo.figures.churn
    if churn.roc_auc is None:
        return Text("Churn: the model is warming up.")
    return Text(
        f"Churn: learnt from {churn.learnt:,} shopper-days whose 30 days had passed; of the {churn.judged:,} that it "
        f"had scored before, {churn.churned / churn.judged:.0%} churned. "
        f"AUC {churn.roc_auc:.3f}, Brier {churn.brier:.3f}. "
        f"Alerts: {sum(demo.figures.alerts.values()):,}."
    )


def _months(demo: Demo) -> Table:
    title = f"Churn by month, with a budget of {demo.settings.churn_alerts_per_day:g} alerts a day"
    table = Table(title=title, title_justify="left", expand=True)
    for name in ("month", "alerts a day", "judged", "churned", "AUC within days", "Brier"):
        table.add_column(name, justify="left" if name == "month" else "right")
    for month in demo.figures.months:
        if not month.alerts and not month.judged:  # the model was warming up
            continue
        churned = f"{month.churned / month.judged:.0%}" if month.judged else ""
        figures = ("" if value is None else f"{value:.3f}" for value in (month.roc_auc, month.brier))
        table.add_row(month.month, f"{month.alerts_per_day:.1f}", f"{month.judged:,}", churned, *figures)
    return table


def _riskiest(demo: Demo) -> Table:
    table = Table(title="Valuable customers at risk", title_justify="left", expand=True)
    for name in ("customer", "spent", "orders", "last seen", "churn"):
        table.add_column(name, justify="left" if name == "customer" else "right")
    table.add_column("because of", ratio=1)
    for customer in demo.figures.riskiest:
        table.add_row(
            customer.user_id,
            f"£{customer.spent:,.0f}",
            str(customer.orders),
            customer.last_day,
            f"{customer.churn:.0%}",
            ", ".join(customer.reasons),
        )
    return table


def _falling(demo: Demo) -> Table:
    title = f"Falling sentiment: items whose reviews of the last {LATELY_DAYS} days are worse than those before"
    table = Table(title=title, title_justify="left", expand=True)
    for name in ("item", "reviews before", "sentiment", "reviews lately", "sentiment lately"):
        table.add_column(name, justify="left" if name == "item" else "right")
    for item in demo.figures.falling:
        table.add_row(item.item, str(item.n_before), f"{item.before:+.2f}", str(item.n_lately), f"{item.lately:+.2f}")
    return table


def _similar(demo: Demo) -> Table:
    table = Table(title="The most negative review, and those most like it", title_justify="left", expand=True)
    table.add_column("similarity", justify="right")
    table.add_column("text", ratio=1)
    for review in demo.figures.similar:
        table.add_row(f"{review.similarity:.2f}", Text(review.text))
    return table


def _queries(demo: Demo, *, kept: bool) -> Group:
    parts: list[Text | Syntax] = [Text("\nAsk more:", style="bold")]
    for title, sql in QUERIES.items():
        parts.append(Text(f"  {title}", style="dim"))
        parts.append(Syntax(f'footfall query "{sql}"', "bash", word_wrap=True, background_color="default"))
    if kept:
        parts.append(Text("The servers are up; `footfall local status` says where, `footfall local down` stops them."))
    else:
        parts.append(Text("`make demo KEEP=1` leaves the servers up for that."))
    return Group(*parts)
