"""What benchmarks send: events of a shop, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress
from typing import Protocol

import numpy as np

from schemas.topics import LABELS
from streams.bench.shop import START_MS
from streams.replay.chunk import Chunk, window
from streams.simulate.shop import DAY_MS
from streams.simulate.shop import Shop as SimulatedShop
from streams.simulate.simulation import Simulation


class Load(Protocol):
    @property
    def seed(self) -> int: ...

    def events(self, n: int) -> Iterator[Chunk]:
        """n events of the behaviour topics, in chunks."""


@dataclass(frozen=True, kw_only=True)
class SimulatedLoad:
    """The simulation's events but for its labels, which the plain worker doesn't read, and for broken ones. ``users``
    are those there are at a time; some are always new."""

    users: int
    seed: int = 1

    def events(self, n: int) -> Iterator[Chunk]:
        start_ms = START_MS - 100 * DAY_MS
        shop = SimulatedShop(seed=self.seed, shoppers=self.users, start_ms=start_ms, broken=0, duplicates=0)
        chunks = (_without_labels(piece.chunk) for piece in Simulation(shop).pieces())
        return window(chunks, 0, n)


def _without_labels(chunk: Chunk) -> Chunk:
    kept = np.array([topic != LABELS for topic in chunk.topic])
    return Chunk(
        topic=list(compress(chunk.topic, kept)),
        key=list(compress(chunk.key, kept)),
        value=list(compress(chunk.value, kept)),
        ts=chunk.ts[kept],
    )
