from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from models.catalogue import MODELS
from models.features.sets import to_bytes
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from streams.worker.delivery import Delivery
from tests.streams.leader.silent_town import SilentTown

DAY_MS = 86_400_000
T0 = 20_000 * DAY_MS


class Scored:
    """Puts what models scored into the tables, as workers would have. Times are milliseconds after ``T0``, a
    midnight."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._inserts = 0

    def insert(self, table: str, columns: dict[str, Any]) -> None:
        self._inserts += 1
        self._writer.insert(table, columns, token=f"scored-{self._inserts}")

    def scores(
        self,
        ts: npt.NDArray[np.int64],
        score: npt.NDArray[np.floating],
        *,
        model: str = "churn",
        kind: str = "churn",
        users: int = 1_000_000,
        state: int = 2,
        features: npt.NDArray[np.float32] | None = None,
    ) -> None:
        """n scores, of ``users`` shoppers in turn."""
        n = len(ts)
        spec = MODELS[kind].features
        columns = {
            "kind": [kind] * n,
            "model": [model] * n,
            "event_id": [f"{self._inserts} {row}" for row in range(n)],
            "user_id": [f"user {row % users}" for row in range(n)],
            "ts_ms": T0 + ts,
            "due_ms": T0 + ts + 30 * DAY_MS,
            "state": [state] * n,
            "score": score.astype(np.float32),
            "feature_set": [spec.fingerprint] * n,
        }
        if features is not None:
            columns["features_f32"] = to_bytes(features)
        self.insert("predictions", columns)

    def come_to(self, *ts: int) -> None:
        """Event time of each partition."""
        self._inserts += 1
        n = len(ts)
        columns = {"topic": ["carts"] * n, "partition": range(n), "first": [self._inserts] * n}
        self.insert("ledger", columns | {"max_ts_ms": [T0 + one for one in ts]})


@pytest.fixture
def scored(writer: Writer) -> Scored:
    return Scored(writer)


@pytest.fixture
def town(on_broker: Settings, reader: Reader, writer: Writer, delivery: Delivery) -> Iterator[SilentTown]:
    town = SilentTown(on_broker, reader, writer, delivery)
    yield town
    town.close()
