"""Two months of a simulated shop, as consumers read them, and the truth about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pytest

from schemas.deadletters import DeadLetter
from schemas.decode import Decoder
from schemas.events import EVENT_TYPES
from schemas.records import Record
from streams.replay.chunk import CHUNK_EVENTS, Chunk
from streams.simulate.shop import DAY_MS, Shop
from streams.simulate.simulation import Simulation
from streams.simulate.truth import Columns, Sent, Truth

DAYS = 60
SHOP = Shop(seed=3, shoppers=2_500, fraud=0.05)
READ_MS = 4_000_000_000_000
"""The records' time."""

_COLUMNS = ("event_id", "user_id", "ts", "session", "item", "price", "quantity", "amount", "order_id", "card", "ip")
_COLUMNS += ("device", "country", "merchant", "rating", "text", "target", "verdict")
_NAMES = {code: name for name, code in EVENT_TYPES.items()}


@dataclass(frozen=True, kw_only=True)
class Read:
    """``events`` has a row an event, in the order of sending, those that were sent again as often as they were."""

    events: pd.DataFrame
    dead_letters: list[DeadLetter]
    shoppers: pd.DataFrame
    purchases: pd.DataFrame
    sent: Mapping[str, Sent]


@pytest.fixture(scope="session")
def read() -> Read:
    told: dict[str, list[pd.DataFrame]] = defaultdict(list)

    def write(what: str, columns: Columns) -> None:
        told[what].append(pd.DataFrame(columns))

    simulation = Simulation(SHOP)
    truth = Truth(simulation, write)
    chunks = list(truth.chunks(simulation.pieces(end_ms=SHOP.start_ms + DAYS * DAY_MS)))
    truth.reached(sum(map(len, chunks)))
    events, letters = _decoded(chunks)
    return Read(
        events=events,
        dead_letters=letters,
        shoppers=pd.concat(told["shopper"]).set_index("user_id"),
        purchases=pd.concat(told["purchase"]).set_index("event_id"),
        sent=truth.sent,
    )


def _decoded(chunks: list[Chunk]) -> tuple[pd.DataFrame, list[DeadLetter]]:
    records: dict[str, list[Record]] = defaultdict(list)
    number = 0
    for chunk in chunks:
        for topic, key, value in zip(chunk.topic, chunk.key, chunk.value, strict=True):
            records[topic].append(Record(number, READ_MS, key, value))
            number += 1
    parts, letters = [], []
    for topic, of_topic in records.items():
        decoder = Decoder(topic)
        for start in range(0, len(of_topic), CHUNK_EVENTS):
            batch, of_batch = decoder.decode(0, of_topic[start : start + CHUNK_EVENTS])
            letters += of_batch
            columns = {name: list(getattr(batch, name)) for name in _COLUMNS}
            parts.append(pd.DataFrame(columns, index=batch.offset).assign(type=[_NAMES[code] for code in batch.type]))
    return pd.concat(parts).sort_index(), letters
