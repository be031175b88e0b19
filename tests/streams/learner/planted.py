"""Rows in the tables, as workers would have put them there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from models.catalogue import of_kind
from models.examples import Examples
from models.features.sets import from_bytes, to_bytes
from schemas.events import EVENT_TYPES
from schemas.topics import SWEEP
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.learner.rounds import LearnerRounds

DAY_MS = 86_400_000
T0 = 20_000 * DAY_MS
HORIZON_MS = 10 * DAY_MS

Start = Callable[..., LearnerRounds]


class Planted:
    """Puts rows into the tables as workers would have. Times are milliseconds after ``T0``, a midnight."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader
        self._inserts = 0

    def insert(self, table: str, columns: dict[str, Any]) -> None:
        self._inserts += 1
        self._writer.insert(table, columns, token=f"planted-{self._inserts}")

    def events(self, *user_and_ts: tuple[str, int]) -> None:
        users, ts = zip(*user_and_ts, strict=True)
        columns = {"topic": ["clicks"] * len(ts), "user_id": users, "ts": T0 + np.array(ts)}
        self.insert("events", columns | {"event_id": [f"{user}-{at}" for user, at in user_and_ts]})

    def predictions(
        self,
        *user_event_ts: tuple[str, str, int],
        kind: str = "churn",
        topic: str = SWEEP,
        partition: int = 0,
        offset: int = -1,
        score: float = 0.5,
        written_ms: int = 1,
        feature_set: str = "",
        model: str = "",
        horizon_ms: int = HORIZON_MS,
    ) -> None:
        users, events, ts = zip(*user_event_ts, strict=True)
        n = len(ts)
        features = of_kind(kind)[0].features
        rng = np.random.default_rng(n)
        columns = {
            "kind": [kind] * n,
            "model": [model or kind] * n,
            "event_id": events,
            "user_id": users,
            "topic": [topic] * n,
            "partition": [partition] * n,
            "offset": [offset] * n,
            "ts_ms": T0 + np.array(ts),
            "due_ms": T0 + np.array(ts) + horizon_ms,
            "state": [2] * n,
            "score": np.full(n, score, np.float32),
            "feature_set": [feature_set or features.fingerprint] * n,
            "features_f32": to_bytes(rng.normal(size=(n, len(features.names))).astype(np.float32)),
            "written_ms": [written_ms] * n,
        }
        self.insert("predictions", columns)

    def ledger(self, partition: int, max_ts: int, topic: str = "clicks", *, last: int = 0, epoch: int = 0) -> None:
        self._inserts += 1
        columns = {
            "topic": [topic],
            "partition": [partition],
            "first": [self._inserts],
            "last": [last],
            "epoch": [epoch],
            "max_ts_ms": [T0 + max_ts],
        }
        self.insert("ledger", columns)

    def label(self, kind: str, user: str, target: str, verdict: str, ts: int, event_id: str = "") -> None:
        self._inserts += 1
        columns = {
            "topic": ["labels"],
            "partition": [0],
            "offset": [self._inserts],
            "event_id": [event_id or f"label-{self._inserts}"],
            "user_id": [user],
            "type_code": [EVENT_TYPES[kind]],
            "ts": [T0 + ts],
            "target": [target],
            "verdict": [verdict],
        }
        self.insert("labels", columns)

    def alert(self, alert_id: str, user: str, event: str, kind: str = "fraud") -> None:
        self.insert("alerts", {"alert_id": [alert_id], "kind": [kind], "user_id": [user], "event_id": [event]})

    def learnt(self, model: str) -> dict[tuple[str, str], int]:
        """Label by user and event of what the published snapshots have learnt; each must be there once."""
        labels = self.labels_learnt(model)
        assert all(len(of_one) == 1 for of_one in labels.values()), "learnt twice"
        return {identity: label for identity, (label,) in labels.items()}

    def labels_learnt(self, model: str) -> dict[tuple[str, str], list[int]]:
        """By user and event the labels that the published snapshots have learnt, corrections included, in order."""
        rows = self._reader.query(
            "SELECT user_id, event_id, label FROM learnt FINAL WHERE model = %(model)s"
            " AND version IN (SELECT version FROM models WHERE name = %(model)s) ORDER BY version",
            {"model": model},
        )
        learnt: dict[tuple[str, str], list[int]] = {}
        for user, event, label in rows:
            learnt.setdefault((user, event), []).append(label)
        return learnt

    def example(self, kind: str, user: str, event: str, *, label: bool, score: float, corrects: bool) -> Examples:
        """The example of one prediction."""
        found = self._reader.columns(
            "SELECT due_ms, features_f32 FROM predictions"
            " WHERE kind = %(kind)s AND user_id = %(user)s AND event_id = %(event)s",
            {"kind": kind, "user": user, "event": event},
            raw=("features_f32",),
        )
        return Examples(
            user_id=[user],
            event_id=[event],
            due_ms=found["due_ms"],
            label=np.array([label]),
            score=np.array([score], np.float32),
            features=from_bytes(found["features_f32"], of_kind(kind)[0].features),
            corrects=np.array([corrects]),
        )
