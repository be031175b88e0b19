"""A shop's events: several hundred shoppers with cards, devices, addresses and merchants, some of them shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.batch import NUMBERS, TEXTS, EventBatch
from schemas.events import EVENT_TYPES
from schemas.texts import Texts
from schemas.topics import BEHAVIOUR
from tests.models.profiles.logs import START_MS
from tests.models.profiles.reference import DAY_MS, TYPES_OF_TOPIC, Event

PARTITION = 3


@dataclass(frozen=True, kw_only=True)
class ShopEvent(Event):
    """``position`` is that in the order of processing; ``peer`` is the item."""

    position: int
    offset: int
    user: str
    card: str = ""
    ip: str = ""
    merchant: str = ""

    @property
    def event_id(self) -> str:
        return f"event {self.position}"


def shop(*, n_shoppers: int, mean_events: int, seed: int) -> list[ShopEvent]:
    """In the order of processing: that of time, but for late events and fetches of one topic after the other."""
    random = np.random.default_rng(seed)
    acts = []
    for shopper in range(n_shoppers):
        n = 1 + int(random.geometric(1 / mean_events)) if shopper else 30 * mean_events
        gap_ms = random.exponential(np.where(random.random(n) < 0.8, 120_000, 4 * DAY_MS))
        seen_ms = START_MS + random.integers(30 * DAY_MS) + np.cumsum(gap_ms).astype(int)
        late_ms = np.where(random.random(n) < 0.1, random.exponential(DAY_MS, n), 0).astype(int)
        acts += [(int(at), int(at - late), f"shopper {shopper}") for at, late in zip(seen_ms, late_ms, strict=True)]
    acts.sort()
    topics = random.choice(3, len(acts), p=(0.5, 0.42, 0.08)).tolist()
    fetch = 900
    order = sorted(range(len(acts)), key=lambda index: (index // fetch, topics[index]))
    return [
        _event(random, position, topics[index], acts[index][1], acts[index][2]) for position, index in enumerate(order)
    ]


def _event(random: np.random.Generator, position: int, topic: int, ts: int, user: str) -> ShopEvent:
    number = int(user.split()[1])

    def one_of(name: str, n: int, usual: int, *, often: float = 0.8, given: float = 0.9) -> str:
        """Usually the shopper's own, sometimes any, sometimes none."""
        if random.random() > given:
            return ""
        return f"{name} {usual if random.random() < often else int(random.integers(n))}"

    return ShopEvent(
        position=position,
        offset=position,
        topic=topic,
        type=str(random.choice(TYPES_OF_TOPIC[topic])),
        ts=ts,
        price=round(float(random.lognormal(3, 1)), 2),
        quantity=float(random.integers(1, 4)),
        amount=round(float(random.lognormal(4, 1)), 2),
        rating=float(random.integers(1, 6)),
        user=user,
        peer=f"item {int(random.zipf(1.4)) % 2_000}",
        session=f"{user} {ts // DAY_MS}" if random.random() < 0.7 else "",
        device=one_of("device", 500, number),
        country=one_of("country", 7, number % 7),
        card=one_of("card", 300, number, given=0.8),
        ip=one_of("ip", 200, number % 200),
        merchant=one_of("merchant", 40, 0, often=0.0),
    )


def batch_of(events: Sequence[ShopEvent]) -> EventBatch:
    """Of events of one topic."""
    texts: dict[str, Any] = dict.fromkeys(TEXTS, Texts.absent(len(events)))
    for column, attribute in _TEXTS.items():
        texts[column] = Texts.of([getattr(event, attribute) for event in events])
    numbers: dict[str, Any] = {name: np.array([getattr(event, name) for event in events]) for name in NUMBERS}
    return EventBatch(
        topic=BEHAVIOUR[events[0].topic],
        partition=PARTITION,
        offset=np.array([event.offset for event in events], dtype=np.int64),
        type=np.array([EVENT_TYPES[event.type] for event in events], dtype=np.uint8),
        ts=np.array([event.ts for event in events], dtype=np.int64),
        **texts,
        **numbers,
    )


_TEXTS = {
    "event_id": "event_id",
    "user_id": "user",
    "item": "peer",
    "session": "session",
    "device": "device",
    "country": "country",
    "card": "card",
    "ip": "ip",
    "merchant": "merchant",
}
