"""Shoppers of one partition as they are in the tables, a model that goes by the days of their silence, and leaders."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from itertools import count

import numpy as np

from models.catalogue import CHURN
from models.flat_scorecard import FlatScorecard
from models.profiles.state import FIRST_MS, LAST_MS, Profiles
from models.snapshots import Snapshot, river_version
from schemas.layout import TOTALS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.leader.sweeping import Sweeping
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore
from streams.worker.costs import Costs
from streams.worker.delivery import Delivery
from tests.streams.worker.on_topic import messages

DAY_MS = 86_400_000
T0 = 20_000 * DAY_MS
VALUABLE = 100.0
CROSSES_D = 10
"""Days of silence from which the model is above the threshold; it is far below it after one day."""


class SilentTown:
    """Times are days after ``T0``, a midnight."""

    def __init__(self, settings: Settings, reader: Reader, writer: Writer, delivery: Delivery) -> None:
        self.settings = replace(
            settings, max_ahead_s=0.0, churn_threshold=0.9, churn_hysteresis=0.1, churn_valuable_spent=VALUABLE
        )
        self.reader = reader
        self._writer = writer
        self._delivery = delivery
        self._count = count(1)
        self._leaders: list[Sweeping] = []
        self.publish()

    def close(self) -> None:
        for leader in self._leaders:
            leader.close()

    def leader(self, *, page_shoppers: int = 100) -> Sweeping:
        leader = Sweeping(
            self.settings,
            self._delivery,
            clock_ms=lambda: T0 + next(self._count),
            stop=threading.Event(),
            costs=Costs(),
            page_shoppers=page_shoppers,
        )
        self._leaders.append(leader)
        return leader

    def publish(self, *, lowest: float = -3.0) -> None:
        """A model whose log-odds rise from ``lowest`` at a shopper's last event to beyond the threshold."""
        recency = CHURN.features.names.index("log_recency_d")
        n = len(CHURN.features.names)
        value = np.zeros(2 * n)
        value[2 * recency : 2 * recency + 2] = lowest, np.log(9.0) + 0.01
        knot = np.tile([0.0, np.log1p(CROSSES_D)], n)
        model = FlatScorecard(0.0, np.arange(n + 1, dtype=np.int32) * 2, knot, value, np.zeros(n))
        number = next(self._count)
        SnapshotStore(self.settings, self.reader, self._writer).publish(
            Snapshot(
                name=CHURN.name,
                version=f"churn-{number:08}-00000000",
                parent="",
                created_ms=number,
                river_version=river_version(),
                feature_set=CHURN.features.fingerprint,
                features=CHURN.features.names,
                examples=1_000,
                positives=500,
                learnt_until_ms=0,
                metrics={},
                flat=model.to_bytes(),
            )
        )

    def shoppers(self, last: Mapping[str, float], *, spent: float = VALUABLE) -> None:
        """Their last events."""
        n = len(last)
        profiles = Profiles.empty(n)
        profiles.extremes_ms[:, FIRST_MS] = T0
        profiles.extremes_ms[:, LAST_MS] = [T0 + int(day * DAY_MS) for day in last.values()]
        profiles.totals[:, TOTALS.index("spent")] = spent
        version = np.full(n, next(self._count))
        columns = {"kind": np.zeros(n), "partition": np.zeros(n), "id": list(last), "version": version}
        self._insert("profiles", columns | profiles.to_columns())

    def passes(self, day: float, partition: int = 0) -> None:
        """An event at the time, of somebody else, is done."""
        here = {"topic": ["clicks"], "partition": [partition], "first": [next(self._count)]}
        self._insert("ledger", here | {"max_ts_ms": [T0 + int(day * DAY_MS)]})

    def events(self, at_ms: Mapping[str, int]) -> None:
        n = len(at_ms)
        here = {"topic": ["clicks"] * n, "user_id": list(at_ms), "event_id": ["e"] * n}
        self._insert("events", here | {"ts": list(at_ms.values())})

    def alert_of_event(self, user: str, day: float) -> None:
        at_ms = [T0 + int(day * DAY_MS)]
        row = {"alert_id": [f"of an event of {user}"], "kind": ["churn"], "user_id": [user], "topic": ["clicks"]}
        self._insert("alerts", row | {"partition": [0], "ts": at_ms})

    def _insert(self, table: str, columns: Mapping[str, object]) -> None:
        self._writer.insert(table, columns, token=f"{table}-{next(self._count)}")  # type: ignore[arg-type]

    def alerts(self) -> list[tuple[str, float]]:
        """Shopper and day of each in the table that is a sweep's."""
        rows = self.reader.query(
            "SELECT user_id, toUnixTimestamp64Milli(ts) FROM alerts FINAL WHERE topic = 'sweep' ORDER BY ts, user_id"
        )
        return [(user, (at_ms - T0) / DAY_MS) for user, at_ms in rows]

    def on_topic(self) -> list[str]:
        """Whom the topic's messages tell of."""
        return sorted(json.loads(value)["user_id"] for _, value in messages(self.settings, "alerts.churn"))


def sweep(leader: Sweeping) -> int:
    """Does all that is due; returns in how many pages."""
    pages = 0
    while leader.run():
        pages += 1
    return pages
