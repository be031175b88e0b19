"""What was sent of a simulation, and what was behind it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from streams.replay.chunk import TOPIC_OF_TYPE, Chunk
from streams.simulate.rings import Rings
from streams.simulate.rows import KINDS, PURCHASE, Fraud, Rows
from streams.simulate.simulation import Piece, Simulation

TOPICS = tuple(dict.fromkeys(TOPIC_OF_TYPE[kind] for kind in KINDS))
_TOPIC_OF_KIND = np.array([TOPICS.index(TOPIC_OF_TYPE[kind]) for kind in KINDS])

Columns = dict[str, Any]
Written = Callable[[str, Columns], None]
"""Takes what rows of the truth tell of (shopper, purchase or topic), and their columns."""


@dataclass
class Sent:
    """Records of a topic. The sums are of the numbers of its events, repeats left out, modulo 2^64: with the count they
    tell whether some others are the same events."""

    events: int = 0
    duplicates: int = 0
    broken: int = 0
    sum: int = 0
    sum_of_squares: int = 0

    @property
    def records(self) -> int:
        return self.events + self.duplicates + self.broken


class Truth:
    """Keeps what was prepared until it is known to be sent, and is bounded by what is in between.

    Attributes
    ----------
    sent
        By topic, in the contract's names.
    """

    def __init__(self, simulation: Simulation, write: Written = lambda what, columns: None) -> None:
        self.sent: Mapping[str, Sent] = {topic: Sent() for topic in TOPICS}
        self._seed = simulation.shop.seed
        self._rings: Rings = simulation.rings
        self._write = write
        self._prepared: deque[Piece] = deque()
        self._position = 0

    def chunks(self, pieces: Iterable[Piece]) -> Iterator[Chunk]:
        """All events of the simulation from its first on; may run on another thread than ``reached``."""
        for piece in pieces:
            self._prepared.append(piece)
            yield piece.chunk

    def reached(self, position: int) -> None:
        """All events before this number were sent. The number never falls."""
        while self._position < position:
            piece = self._prepared.popleft()
            self._tell_of_shoppers(piece)
            rows = piece.rows[: position - self._position]
            if len(rows) < len(piece.rows):
                rest = piece.rows[len(rows) :], piece.chunk.slice(len(rows))
                self._prepared.appendleft(Piece(rows=rest[0], chunk=rest[1], came=piece.came.none()))
            self._count(rows)
            self._tell_of_purchases(rows)
            self._position += len(rows)

    def end(self) -> None:
        """Write the counts."""
        columns = {
            name: [getattr(sent, name) for sent in self.sent.values()] for name in ("events", "duplicates", "broken")
        }
        self._write("topic", {"topic": list(self.sent), **columns})

    def _count(self, rows: Rows) -> None:
        topic = _TOPIC_OF_KIND[rows["kind"]]
        for number, name in enumerate(TOPICS):
            of_topic, sent = rows[topic == number], self.sent[name]
            broken, again = of_topic["broken"] > 0, of_topic["again"]
            numbers = of_topic["n"][~broken & ~again].astype(np.uint64)
            sent.events += len(numbers)
            sent.duplicates += int(again.sum())
            sent.broken += int(broken.sum())
            sent.sum = (sent.sum + int(numbers.sum())) % 2**64
            sent.sum_of_squares = (sent.sum_of_squares + int((numbers * numbers).sum())) % 2**64

    def _tell_of_shoppers(self, piece: Piece) -> None:
        number, joined, ends, ring = (column.tolist() for column in piece.came)
        if number:
            columns = {"user_id": [f"u{one}" for one in number], "joined_ms": joined, "silent_ms": ends}
            kinds = [self._rings.kind_of(one).name.lower() if one else "" for one in ring]
            self._write("shopper", {**columns, "ring": ring, "fraud": kinds})

    def _tell_of_purchases(self, rows: Rows) -> None:
        bought = rows[(rows["kind"] == PURCHASE) & (rows["broken"] == 0) & ~rows["again"]]
        if len(bought):
            columns = {
                "event_id": [f"{self._seed}-{number}" for number in bought["n"].tolist()],
                "user_id": [f"u{number}" for number in bought["user"].tolist()],
                "ts": bought["ts"].tolist(),
                "ring": np.where(bought["fraud"] > 0, bought["ring"], 0).tolist(),
                "fraud": [Fraud(one).name.lower() if one else "" for one in bought["fraud"].tolist()],
            }
            self._write("purchase", columns)
