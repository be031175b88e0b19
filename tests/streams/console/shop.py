"""A shop of which the tables hold a few rows that are known."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from models.profiles.state import FIRST_MS, LAST_MS, Profiles
from schemas.alerts import Alert, Reason, Suppressed, to_columns
from schemas.events import EVENT_TYPES
from schemas.layout import MEASURES, SCALES_MS, TOTALS
from schemas.topics import CARTS, CLICKS
from streams.clickhouse.writer import Writer

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MIDNIGHT_MS = 20_000 * DAY_MS
"""2024-10-04, a Friday."""
NOW_MS = MIDNIGHT_MS + 20 * HOUR_MS + 30 * 60_000

EVIL = """<img src=x onerror="document.title='owned'">'); DROP TABLE events; -- %(x)s {} \\"""
"""A shopper's id that would like to be more than text."""


class Shop:
    """Writes the rows that it is told to. Event time is at ``NOW_MS`` after :meth:`passes`."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._numbers = count(1)
        self._raised_ms = int(time.time() * 1000) - HOUR_MS

    def insert(self, table: str, **columns: Sequence[Any]) -> None:
        self._writer.insert(table, columns, token=f"{table}-{next(self._numbers)}")

    def passes(self, at_ms: int = NOW_MS) -> None:
        """The clock comes to a time."""
        self.insert("ledger", topic=[CLICKS], partition=[0], first=[next(self._numbers)], max_ts_ms=[at_ms])

    def does(self, user: str, kind: str, hours: float, **fields: Any) -> None:
        """An event at so many hours after ``MIDNIGHT_MS``."""
        number = next(self._numbers)
        row = {
            "topic": CLICKS if kind in ("view", "search") else CARTS,
            "offset": number,
            "event_id": f"event {number}",
            "user_id": user,
            "type_code": EVENT_TYPES[kind],
            "ts": MIDNIGHT_MS + round(hours * HOUR_MS),
        }
        self.insert("events", **{name: [value] for name, value in (row | fields).items()})

    def profile(self, user: str, *, spent: float = 0.0, views_30d: float = 0.0, at_ms: int = NOW_MS) -> None:
        profiles = Profiles.empty(1)
        profiles.extremes_ms[:, FIRST_MS] = at_ms - 100 * DAY_MS
        profiles.extremes_ms[:, LAST_MS] = at_ms
        profiles.totals[:, TOTALS.index("spent")] = spent
        profiles.decayed[:, MEASURES.index("views"), list(SCALES_MS).index("30d")] = views_30d
        self.insert(
            "profiles", kind=np.zeros(1), partition=np.zeros(1), id=[user], version=[1], **profiles.to_columns()
        )

    def alert(self, name: str, user: str = "ann", *, kind: Any = "fraud", by: str = "", **fields: Any) -> Alert:
        """One that was sent, or of which another ``by`` told. Of several the later one was raised later."""
        alert = Alert(
            alert_id=name,
            dedupe_key=name,
            kind=kind,
            user_id=user,
            event_id=f"event of {name}",
            topic=CARTS,
            partition=0,
            offset=0,
            ts=NOW_MS,
            score=fields.pop("score", 0.97),
            threshold=0.9,
            version=f"{kind}-7",
            amount=fields.pop("amount", 120.5),
            reasons=[
                Reason("log_amount", 4.8, 2.5, "120.50 paid"),
                Reason("log_age", 0.1, -0.5, "a shopper for 100 days"),
            ],
            base=-3.0,
            raised_ms=self._raised_ms + next(self._numbers),
            **fields,
        )
        columns = to_columns([], [Suppressed(alert, by)]) if by else to_columns([alert])
        self._writer.insert("alerts", columns, token=f"alert-{name}")
        return alert

    def review(self, item: str, days_ago: float, sentiment: float) -> None:
        number = next(self._numbers)
        self.insert(
            "review_scores",
            item=[item],
            user_id=["ann"],
            event_id=[f"review {number}"],
            ts=[NOW_MS - round(days_ago * DAY_MS)],
            positive=[(1 + sentiment) / 2],
            negative=[(1 - sentiment) / 2],
        )

    def moves(self, segment: str, user: str, change: str, days_ago: float, *, number: int = 1) -> None:
        at_ms = NOW_MS - round(days_ago * DAY_MS)
        about = {
            "segment": [segment],
            "user_id": [user],
            "number": [number],
            "at_ms": [at_ms],
            "reason": [f"why {user}"],
        }
        self.insert("segment_changes", **about, change=[change], held_out=[user == "bob"])
        self.insert("segment_members", **about, inside=[change == "enter"], held_out=[user == "bob"])

    def looks(self, at_ms: int = NOW_MS) -> None:
        """The leader has looked who is in which segment."""
        self.insert("segment_rounds", at_ms=[at_ms], written_ms=[1])

    def works(self, topic: str, *, records: int) -> None:
        """A worker has done so many records, some seconds ago by the clock."""
        at_ms = int(time.time() * 1000) - 6_000
        about = {"topic": [topic], "partition": [0], "first": [next(self._numbers)], "worker": ["w1"]}
        self.insert("ledger", **about, records=[records], rows=[records], written_ms=[at_ms])
