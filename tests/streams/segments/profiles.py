"""Profiles as they are in the table, without the events that they would be made of."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import numpy as np

from models.profiles.state import FIRST_MS, LAST_MS, Profiles
from schemas.layout import MEASURES, SCALES_MS
from streams.clickhouse.writer import Writer

DAY_MS = 86_400_000
T0 = 20_000 * DAY_MS


class Town:
    """Shoppers who have been there for a year. Times are days after ``T0``."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._count = count(1)

    def carts(self, value: Mapping[str, float], day: float) -> None:
        """What lies in the shoppers' carts as of a visit."""
        n, version = len(value), next(self._count)
        at_ms = T0 + int(day * DAY_MS)
        profiles = Profiles.empty(n)
        profiles.extremes_ms[:, FIRST_MS] = T0 - 365 * DAY_MS
        profiles.extremes_ms[:, LAST_MS] = at_ms
        profiles.decayed[:, MEASURES.index("cart_value"), list(SCALES_MS).index("7d")] = list(value.values())
        columns = {"kind": np.zeros(n), "partition": np.zeros(n), "id": list(value), "version": np.full(n, version)}
        self._writer.insert("profiles", columns | profiles.to_columns(), token=f"profiles-{version}")

    def passes(self, day: float, partition: int = 0) -> None:
        """The clock comes to a time."""
        number = next(self._count)
        here = {"topic": ["clicks"], "partition": [partition], "first": [number], "last": [number]}
        self._writer.insert("ledger", here | {"max_ts_ms": [T0 + int(day * DAY_MS)]}, token=f"ledger-{number}")
