"""Fraud alerts and churn scores held against what only a simulation knows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from models.metrics import roc_auc
from streams.clickhouse.reader import Reader
from streams.simulate.known import Known, KnownPurchase
from streams.simulate.rows import Fraud
from streams.simulate.shop import DAY_MS

WEEK_MS = 7 * DAY_MS
ACTIVE_DAYS = 60

_SINCE = "SELECT toUnixTimestamp64Milli(min(ts)) FROM events WHERE fraud_state = 2"

_ALERTS = "SELECT event_id, suppressed_by = '' FROM alerts FINAL WHERE kind = 'fraud'"

_SCORES = """
SELECT user_id, churn_score, max(last_ms) OVER () AS now_ms FROM shopper_scores FINAL
WHERE churn_state = 2 AND last_ms > (SELECT max(last_ms) FROM shopper_scores) - %(active_ms)s
"""


class Week(NamedTuple):
    """Of the shop's time, from ``start_ms`` on."""

    start_ms: int
    days: float
    frauds: int
    caught: int
    """Of them raised an alert, be it one that was sent or one that another about the same covers."""
    sent: int
    right: int
    """Of the alerts that were sent tell of a fraud."""

    @property
    def alerts_per_day(self) -> float:
        return self.sent / self.days


class RingsFound(NamedTuple):
    """Of one kind of fraud, since the model scores."""

    fraud: str
    rings: int
    found: int
    """Of them have an alert at least."""
    frauds: int
    caught: int


class Caught(NamedTuple):
    weeks: list[Week]
    rings: list[RingsFound]


def caught(reader: Reader, known: Known) -> Caught:
    """By the truth about purchases since the model's first score; nothing where it is warming up."""
    since_ms = int(reader.query(_SINCE)[0][0])
    alerts = {event: bool(is_sent) for event, is_sent in reader.query(_ALERTS)}
    seen = [one for one in known.purchases if since_ms and one.ts >= since_ms]
    return Caught(_weeks(seen, alerts), _rings(seen, alerts))


def _weeks(purchases: Iterable[KnownPurchase], alerts: dict[str, bool]) -> list[Week]:
    by_week = defaultdict(list)
    for one in purchases:
        by_week[one.ts // WEEK_MS].append(one)
    weeks = []
    for number, of_week in sorted(by_week.items()):
        sent = [one for one in of_week if alerts.get(one.event_id)]
        frauds = [one for one in of_week if one.fraud]
        weeks.append(
            Week(
                start_ms=number * WEEK_MS,
                days=max(1.0, (max(one.ts for one in of_week) - min(one.ts for one in of_week)) / DAY_MS),
                frauds=len(frauds),
                caught=sum(one.event_id in alerts for one in frauds),
                sent=len(sent),
                right=sum(bool(one.fraud) for one in sent),
            )
        )
    return weeks


def _rings(purchases: Iterable[KnownPurchase], alerts: dict[str, bool]) -> list[RingsFound]:
    frauds = [one for one in purchases if one.fraud]
    rings = {(one.fraud, one.ring) for one in frauds}
    found = {(one.fraud, one.ring) for one in frauds if one.event_id in alerts}
    n, n_found = (Counter(fraud for fraud, _ in which) for which in (rings, found))
    committed = Counter(one.fraud for one in frauds)
    told = Counter(one.fraud for one in frauds if one.event_id in alerts)
    return [RingsFound(fraud, n[fraud], n_found[fraud], committed[fraud], told[fraud]) for fraud in sorted(n)]


class ChurnKnown(NamedTuple):
    shoppers: int
    """Who were there in the last ``ACTIVE_DAYS``, fraudsters' accounts left out."""
    gone: int
    """Of them have fallen silent for good."""
    roc_auc: float | None
    """Of the latest scores, for telling them; None where all are alike."""


def churn_known(reader: Reader, known: Known) -> ChurnKnown:
    tested = Fraud.CARD_TESTING.name.lower()
    ends = {one.user_id: one.silent_ms for one in known.shoppers if one.fraud != tested}
    rows = [row for row in reader.query(_SCORES, {"active_ms": ACTIVE_DAYS * DAY_MS}) if row[0] in ends]
    gone = np.array([ends[user] <= now_ms for user, _, now_ms in rows], dtype=bool)
    auc = roc_auc(gone, np.array([score for _, score, _ in rows])) if gone.any() and not gone.all() else None
    return ChurnKnown(len(rows), int(gone.sum()), auc)
