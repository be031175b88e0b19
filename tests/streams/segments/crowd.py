"""A crowd of shoppers of several habits, seeded, and their events in the tables by way of a worker's own parts."""

from __future__ import annotations

import random
from collections.abc import Sequence

from schemas.records import Record
from schemas.topics import CARTS, CLICKS, REVIEWS, REVIEWS_SCORED
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from tests.streams.segments.plain import DAY_MS, HOUR_MS, Event
from tests.streams.worker.owner import Owner, partition
from tests.streams.worker.runs import NOW_MS, record, run_of

DAYS = 50
START_MS = NOW_MS - 100 * DAY_MS
END_MS = START_MS + DAYS * DAY_MS
_TOPICS = {"view": CLICKS, "search": CLICKS, "review": REVIEWS, "review_scored": REVIEWS_SCORED}


def events(shoppers: int, seed: int) -> list[Event]:
    """In the order of their times, from ``START_MS`` to ``END_MS``."""
    found: list[Event] = []
    for number in range(shoppers):
        found += _life(f"user {number}", random.Random(seed * 10_000 + number))  # noqa: S311 - no secret
    return sorted((event for event in found if event.ts <= END_MS), key=lambda event: event.ts)


def _life(user: str, rng: random.Random) -> list[Event]:
    """Visits, with a silence of more than a month for some."""
    found = []
    at = START_MS + int(rng.random() ** 2 * DAYS * DAY_MS)
    pause_d = rng.choice([0.5, 2, 6, 15])
    temper, returns = rng.uniform(-1, 1), rng.random() < 0.3
    while at < END_MS:
        found += _visit(user, at, temper, returns, rng)
        at += HOUR_MS + int(rng.expovariate(1 / pause_d) * DAY_MS)
        if rng.random() < 0.04:
            at += 33 * DAY_MS
    return found


def _visit(user: str, at: int, temper: float, returns: bool, rng: random.Random) -> list[Event]:
    def soon() -> int:
        return at + int(rng.random() * HOUR_MS)

    price = round(rng.uniform(5, 120), 2)
    found = [Event(user, "view", soon()) for _ in range(rng.randrange(1, 6))]
    found += [Event(user, "search", soon())] * (rng.random() < 0.4)
    if rng.random() < 0.6:
        quantity = rng.randrange(1, 4)
        found.append(Event(user, "cart_add", soon(), quantity=quantity, price=price))
        if rng.random() < 0.15:
            found.append(Event(user, "cart_remove", soon(), price=price))
        if rng.random() < 0.3:
            found.append(Event(user, "checkout", soon()))
        if rng.random() < 0.6:
            amount = quantity * price
            found.append(Event(user, "purchase", at + HOUR_MS, quantity=quantity, amount=amount))
            if returns and rng.random() < 0.6:
                found.append(Event(user, "return", at + HOUR_MS + 1, amount=amount))
    if rng.random() < 0.3:
        mood = max(-1.0, min(1.0, rng.gauss(temper, 0.3)))
        found.append(Event(user, "review_scored", soon(), sentiment=round(mood, 3)))
    return found


class Shop:
    """Takes events as a worker would, in one partition."""

    def __init__(self, settings: Settings, reader: Reader, writer: Writer) -> None:
        self._owner = Owner(settings, reader, writer)
        self._owner.take(partition(0))
        self._offsets: dict[str, int] = {}

    def take(self, events: Sequence[Event]) -> None:
        """What they say is in the tables once this returns."""
        by_topic: dict[str, list[Record]] = {}
        for event in events:
            topic = _TOPICS.get(event.type, CARTS)
            offset = self._offsets[topic] = self._offsets.get(topic, -1) + 1
            fields = {name: value for name, value in event._asdict().items() if value and name not in ("user", "type")}
            if topic == CARTS:
                fields |= {"item": "boots", "order_id": f"order {offset}", "amount": event.amount}
            by_topic.setdefault(topic, []).append(record(topic, offset, type=event.type, user_id=event.user, **fields))
        self._owner.work(*(run_of(topic, records) for topic, records in by_topic.items()))

    def passes(self, at_ms: int) -> None:
        """An event of somebody who is in no segment, so that the clock comes to a time."""
        self.take([Event("clock", "view", at_ms)])
