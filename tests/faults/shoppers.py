"""What the shoppers of a fault test do: events, repeats of them, late ones, and records that nobody can read."""

from __future__ import annotations

import json
import random
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schemas.topics import CARTS, CLICKS, INPUTS, LABELS, REVIEWS, REVIEWS_SCORED

N_USERS = 300
N_ITEMS = 150
ZIPF = 1.3
SESSION_EVENTS = 12
REPEAT_SHARE = 0.04
POISON_SHARE = 0.005
LATE_SHARE = 0.05
LATE_MS = 40 * 86_400_000
REMEMBERED_EVENTS = 20_000
"""How far back a repeat may reach: beyond the window of duplicates of the tests' workers."""

_TYPES = {
    "view": 0.68,
    "search": 0.04,
    "cart_add": 0.12,
    "cart_remove": 0.03,
    "purchase": 0.06,
    "return": 0.02,
    "review": 0.02,
    "review_scored": 0.01,
    "fraud_label": 0.02,
}
_TOPICS = {
    "view": CLICKS,
    "search": CLICKS,
    "review": REVIEWS,
    "review_scored": REVIEWS_SCORED,
    "fraud_label": LABELS,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A record as it is handed to the producer."""

    topic: str
    key: bytes
    value: bytes


@dataclass
class Ground:
    """What was sent, and so what must be found: event ids by topic, purchases, values that are no events."""

    events: dict[str, set[str]] = field(default_factory=lambda: {topic: set() for topic in INPUTS})
    purchases: set[str] = field(default_factory=set)
    poison: set[bytes] = field(default_factory=set)
    verdicts: dict[tuple[str, str], list[tuple[int, str, str]]] = field(default_factory=dict)
    """By shopper and purchase: time, event id and verdict of each label."""

    @property
    def n_events(self) -> int:
        return sum(map(len, self.events.values()))


class Shoppers:
    """Acts by its seed alone, but for the time. Users follow Zipf's law, each in sessions of some events; ``types`` has
    the events' shares."""

    def __init__(self, seed: int, *, clock_ms: Callable[[], int], types: Mapping[str, float] = _TYPES) -> None:
        self.ground = Ground()
        self._random = random.Random(seed)  # noqa: S311 - not for secrecy
        self._zipf = np.random.default_rng(seed)
        self._clock_ms = clock_ms
        self._types = types
        topics = {_TOPICS.get(kind, CARTS) for kind in types}
        self._topics = [topic for topic in self.ground.events if topic in topics]
        self._name = f"{seed}"
        self._n = 0
        self._past: deque[Sent] = deque(maxlen=REMEMBERED_EVENTS)
        self._orders: deque[tuple[str, str]] = deque(maxlen=500)
        self._in_session: dict[str, int] = {}

    def act(self, n: int) -> list[Sent]:
        """The next ``n`` records."""
        return [self._next() for _ in range(n)]

    @property
    def orders(self) -> list[tuple[str, str]]:
        """Event id and shopper of the latest purchases."""
        return list(self._orders)

    def verdicts(self, n: int, orders: list[tuple[str, str]]) -> list[Sent]:
        """``n`` labels about some of these purchases."""
        return [self._event("fraud_label", orders) for _ in range(n)]

    def poison(self, n: int, topic: str = CLICKS) -> list[Sent]:
        """``n`` records of one user that can't be used, each of its own value."""
        return [self._poison(topic, user="u1") for _ in range(n)]

    def _next(self) -> Sent:
        chance = self._random.random()
        if chance < POISON_SHARE:
            return self._poison(self._random.choice(self._topics))
        if chance < POISON_SHARE + REPEAT_SHARE and self._past:
            return self._random.choice(self._past)
        (kind,) = self._random.choices(list(self._types), list(self._types.values()))
        if kind in ("return", "fraud_label") and not self._orders:
            kind = "purchase"
        sent = self._event(kind, self._orders)
        self._past.append(sent)
        return sent

    def _event(self, kind: str, orders: Sequence[tuple[str, str]]) -> Sent:
        topic = _TOPICS.get(kind, CARTS)
        user = f"u{min(int(self._zipf.zipf(ZIPF)), N_USERS)}"
        self._n += 1
        event_id = f"{self._name}-{self._n}"
        event = {"type": kind, "event_id": event_id, "user_id": user, "ts": self._time_ms()}
        event |= self._surroundings(user) | dict(self._details(kind, event_id, user, orders))
        self.ground.events[topic].add(event_id)
        if kind == "purchase":
            self.ground.purchases.add(event_id)
        if kind == "fraud_label":
            told = self.ground.verdicts.setdefault((event["user_id"], event["target"]), [])
            told.append((event["ts"], event_id, event["verdict"]))
        return Sent(topic, event["user_id"].encode(), json.dumps(event).encode())

    def _time_ms(self) -> int:
        late = self._random.random() < LATE_SHARE
        return self._clock_ms() - int(self._random.expovariate(1 / LATE_MS) if late else self._random.uniform(0, 2000))

    def _surroundings(self, user: str) -> dict[str, Any]:
        self._in_session[user] = count = self._in_session.get(user, 0) + 1
        return {
            "session": f"{user}-{count // SESSION_EVENTS}",
            "item": f"i{self._random.randrange(N_ITEMS)}",
            "price": round(self._random.uniform(1, 200), 2),
            "quantity": self._random.randint(1, 4),
            "device": f"{user}-{self._random.randrange(3)}",
            "ip": f"10.0.0.{self._random.randrange(100)}",
            "country": self._random.choice(("DE", "FR", "NL", "US")),
        }

    def _details(
        self, kind: str, event_id: str, user: str, orders: Sequence[tuple[str, str]]
    ) -> Iterator[tuple[str, Any]]:
        if kind == "search":
            yield "query", "shoes"
        elif kind == "purchase":
            self._orders.append((event_id, user))
            yield "order_id", f"o{event_id}"
            yield "amount", round(self._random.lognormvariate(3, 1), 2)
            yield "card", f"card-{user}"
            yield "merchant", f"m{self._random.randrange(5)}"
        elif kind == "return":
            order, buyer = self._random.choice(self._orders)
            yield from (("order_id", f"o{order}"), ("amount", 5.0), ("user_id", buyer))
        elif kind == "review":
            words = "as described. " * (zlib.crc32(event_id.encode()) % 8)
            yield from (("rating", self._random.randint(1, 5)), ("text", words))
        elif kind == "review_scored":
            yield "sentiment", round(self._random.uniform(-1, 1), 4)
        elif kind == "fraud_label":
            order, buyer = self._random.choice(orders)
            yield from (("target", order), ("verdict", self._random.choice(("fraud", "ok"))), ("user_id", buyer))

    def _poison(self, topic: str, user: str = "") -> Sent:
        self._n += 1
        mark = f"{self._name}-{self._n}"
        user = user or f"u{self._random.randint(1, N_USERS)}"
        good = {"type": "view", "event_id": mark, "user_id": user, "ts": self._clock_ms(), "item": "i1"}
        values = (
            b'{"type": "view", "event_id": "%b", ' % mark.encode(),
            b"\xff\xfe not text %b" % mark.encode(),
            b"[%d]" % self._n,
            b'{"n": %d} {"n": 2}' % self._n,
            json.dumps(good | {"type": "teleport"}).encode(),
            json.dumps(good | {"ts": self._n}).encode(),
            json.dumps(good | {"ts": self._clock_ms() + LATE_MS}).encode(),
            json.dumps(good | {"user_id": "somebody else"}).encode(),
        )
        value = self._random.choice(values)
        self.ground.poison.add(value)
        return Sent(topic, user.encode(), value)
