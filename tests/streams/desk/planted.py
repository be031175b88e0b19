"""Alerts, labels and what people did, as they would be in the tables. Times are milliseconds after ``T0``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from schemas.alerts import Alert, Kind, Reason, Suppressed, alert_id, dedupe_key, to_columns
from schemas.events import EVENT_TYPES
from streams.clickhouse.writer import Writer

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
T0 = 1_700_000_000_000


class Planted:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._labels = 0
        self._waiting: dict[tuple[str, tuple[str, ...]], list[dict[str, Any]]] | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is planted meanwhile is inserted at the end, in few blocks."""
        self._waiting = defaultdict(list)
        yield
        waiting, self._waiting = self._waiting, None
        for (table, names), blocks in waiting.items():
            self.insert(table, {name: [value for block in blocks for value in block[name]] for name in names})

    def insert(self, table: str, columns: dict[str, Any]) -> None:
        if self._waiting is not None:
            self._waiting[table, tuple(columns)].append(columns)
        else:
            self._writer.insert(table, columns, token=uuid4().hex)

    def alert(
        self,
        user: str,
        event: str,
        raised: int = 0,
        *,
        kind: Kind = "fraud",
        score: float = 0.95,
        suppressed_by: str = "",
        ts: int | None = None,
    ) -> str:
        """Its id. It has event time ``ts``, by default an hour before it was raised."""
        alert = Alert(
            alert_id=alert_id(kind, "carts", user, event),
            dedupe_key=dedupe_key(kind, user),
            kind=kind,
            user_id=user,
            event_id=event,
            topic="carts",
            partition=0,
            offset=0,
            ts=T0 + (raised - HOUR_MS if ts is None else ts),
            score=score,
            threshold=0.9,
            version=f"{kind}-1",
            amount=30.0,
            reasons=[Reason("log_purchases_1h", 1.4, 2.5, "3 orders in 1 h")],
            raised_ms=T0 + raised,
        )
        covered = [Suppressed(alert, suppressed_by)] if suppressed_by else []
        self.insert("alerts", to_columns([] if covered else [alert], covered))
        return alert.alert_id

    def label(
        self,
        kind: str,
        user: str,
        target: str,
        verdict: str,
        said: int,
        event_id: str = "",
        *,
        said_twice: bool = False,
    ) -> str:
        self._labels += 1
        n = 1 + said_twice
        event_id = event_id or f"label {self._labels}"
        columns = {
            "topic": ["labels"] * n,
            "offset": [self._labels] * n,
            "event_id": [event_id] * n,
            "user_id": [user] * n,
            "type_code": [EVENT_TYPES[kind]] * n,
            "ts": [T0 + said] * n,
            "target": [target] * n,
            "verdict": [verdict] * n,
        }
        self.insert("labels", columns)
        return event_id

    def ack(self, alert: str, label: str, verdict: str, said: int, said_by: str) -> None:
        """As the desk keeps it."""
        row = {"alert_id": alert, "label": label, "verdict": verdict, "said_ms": T0 + said, "said_by": said_by}
        self.insert("alert_acks", {name: [value] for name, value in row.items()})

    def snooze(self, alert: str, until: int, said: int) -> None:
        row = {"alert_id": alert, "until_ms": T0 + until, "said_ms": T0 + said, "said_by": "ann"}
        self.insert("alert_snoozes", {name: [value] for name, value in row.items()})

    def escalation(self, alert: str, at: int, number: int = 1) -> None:
        row = {"kind": "fraud", "number": number, "alert_id": alert, "at_ms": T0 + at}
        self.insert("alert_escalations", {name: [value] for name, value in row.items()})
