"""A real shop's year of orders (UCI Online Retail), with reviews in real sentences: churn, told by the months."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from streams.clickhouse.reader import Reader
from streams.demo.orders import (
    LATELY_DAYS,
    ChurnQuality,
    FallingItem,
    Month,
    RiskyCustomer,
    churn_quality,
    falling,
    months,
    riskiest,
)
from streams.demo.scenario import Scenario
from streams.demo.similar import SimilarReview, similar, similar_table
from streams.replay.sources import SOURCES
from streams.settings import Settings

_SOURCE = SOURCES["online-retail-reviews"]
_ALERTS_PER_DAY = 20.0


@dataclass(frozen=True, kw_only=True)
class _Story:
    months: list[Month]
    churn: ChurnQuality
    riskiest: list[RiskyCustomer]
    falling: list[FallingItem]
    similar: list[SimilarReview]

    @property
    def problems(self) -> list[str]:
        return []

    def to_dict(self) -> dict[str, Any]:
        churn = self.churn
        return {
            "churn_alerts_per_day": _ALERTS_PER_DAY,
            "months": [asdict(month) for month in self.months],
            "churn": {"learnt": churn.learnt, "judged": churn.judged, "roc_auc": churn.roc_auc, "brier": churn.brier},
        }

    def shown(self) -> Sequence[RenderableType]:
        tables = (_churn(self.churn), _months(self.months), _riskiest(self.riskiest), _falling(self.falling))
        return [*tables, similar_table(self.similar)]


def _tell(settings: Settings) -> _Story:
    with closing(Reader(settings)) as reader:
        return _Story(
            months=months(reader),
            churn=churn_quality(settings, reader),
            riskiest=riskiest(reader),
            falling=falling(reader),
            similar=similar(reader),
        )


def scenario() -> Scenario:
    return Scenario(
        title="A year of a shop",
        what="a shop's year",
        settings=Settings(
            flush_interval_s=0.3,
            learn_interval_s=0.5,
            segment_interval_s=1.0,
            churn_threshold=0.5,
            churn_alerts_per_day=_ALERTS_PER_DAY,
        ),
        chunks=_SOURCE.events,
        total=_SOURCE.total() or 0,
        fast_records=228_000,  # until the middle of August
        slow_s=116 * 86_400.0,  # until the ninth of December
        tell=_tell,
        queries=_QUERIES,
    )


_QUERIES = {
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


def _churn(churn: ChurnQuality) -> Text:
    if churn.roc_auc is None:
        return Text("Churn: the model is warming up.")
    return Text(
        f"Churn: learnt from {churn.learnt:,} shopper-days whose 30 days had passed; of the {churn.judged:,} that it "
        f"had scored before, {churn.churned / churn.judged:.0%} churned. "
        f"AUC {churn.roc_auc:.3f}, Brier {churn.brier:.3f}."
    )


def _months(found: Sequence[Month]) -> Table:
    title = f"Churn by month, with a budget of {_ALERTS_PER_DAY:g} alerts a day"
    table = Table(title=title, title_justify="left", expand=True)
    for name in ("month", "alerts a day", "judged", "churned", "AUC within days", "Brier"):
        table.add_column(name, justify="left" if name == "month" else "right")
    for month in found:
        if not month.alerts and not month.judged:  # the model was warming up
            continue
        churned = f"{month.churned / month.judged:.0%}" if month.judged else ""
        figures = ("" if value is None else f"{value:.3f}" for value in (month.roc_auc, month.brier))
        table.add_row(month.month, f"{month.alerts_per_day:.1f}", f"{month.judged:,}", churned, *figures)
    return table


def _riskiest(found: Sequence[RiskyCustomer]) -> Table:
    table = Table(title="Valuable customers at risk", title_justify="left", expand=True)
    for name in ("customer", "spent", "orders", "last seen", "churn"):
        table.add_column(name, justify="left" if name == "customer" else "right")
    table.add_column("because of", ratio=1)
    for customer in found:
        table.add_row(
            customer.user_id,
            f"£{customer.spent:,.0f}",
            str(customer.orders),
            customer.last_day,
            f"{customer.churn:.0%}",
            ", ".join(customer.reasons),
        )
    return table


def _falling(found: Sequence[FallingItem]) -> Table:
    title = f"Falling sentiment: items whose reviews of the last {LATELY_DAYS} days are worse than those before"
    table = Table(title=title, title_justify="left", expand=True)
    for name in ("item", "reviews before", "sentiment", "reviews lately", "sentiment lately"):
        table.add_column(name, justify="left" if name == "item" else "right")
    for item in found:
        table.add_row(item.item, str(item.n_before), f"{item.before:+.2f}", str(item.n_lately), f"{item.lately:+.2f}")
    return table
