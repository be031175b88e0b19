"""Writes a cut, in the order on which exactness rests.

1. rows: events, scored reviews, labels, dead letters, predictions, alerts, shoppers' scores. A profile that holds an
   event vouches for its rows.
2. before an owner's first profiles and ledger rows, its start in the ledger: these profiles overrule those of the owner
   before, so what that one enters late, as done with profiles of its own, mustn't count any more.
3. profiles. From here on a replay of these records changes nothing.
4. the alerts' and dead letters' delivery to Kafka is waited for; it began when they were scored.
5. the ledger. From here on these records are done for good.

Only then may the runs be acknowledged. A crash after any step leaves what a replay completes.
"""

from __future__ import annotations

from streams.clickhouse.writer import Writer
from streams.worker.costs import Costs
from streams.worker.cut import Columns, Cut


class Flush:
    """Writes cuts on the one thread that calls it; blocks it meanwhile."""

    def __init__(self, writer: Writer, *, worker: str, deadline_s: float, costs: Costs) -> None:
        self._writer = writer
        self._worker = worker
        self._deadline_s = deadline_s
        self._costs = costs

    def write(self, cut: Cut) -> None:
        """Returns once all of the cut is durable. Raises ``Fatal`` where that can't be, ``Retryable`` where stopped."""
        with self._costs.stage("insert events"):
            for number, columns in enumerate(cut.events()):
                self._insert("events", columns, f"{cut.token}-{number}")
            self._insert("scored_reviews", cut.scored_reviews(), cut.token)
            self._insert("labels", cut.labels(), cut.token)
            self._insert("dead_letters", cut.dead_letters(), cut.token)
        with self._costs.stage("insert predictions"):
            self._insert("predictions", cut.predictions(), cut.token)
            self._insert("alerts", cut.alerts(), cut.token)
        with self._costs.stage("insert scores"):
            self._insert("shopper_scores", cut.shopper_scores(), cut.token)
        with self._costs.stage("insert profiles"):
            self._insert("ledger", cut.starts_in_ledger(self._worker), f"{cut.token}-starts")
            self._insert("profiles", cut.profiles(), cut.token)
        with self._costs.stage("insert ledger"):
            for outcome in cut.outcomes:
                if outcome.delivery is not None:
                    outcome.delivery.result(self._deadline_s)
            self._insert("ledger", cut.ledger(self._worker), cut.token)
        self._costs.counts["flushes"] += 1

    def _insert(self, table: str, columns: Columns, token: str) -> None:
        self._writer.insert(table, columns, token=f"{table}-{token}")
