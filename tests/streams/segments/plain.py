"""The segments over again, from raw events, in plain Python: nothing of profiles, views or SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import NamedTuple

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

WEIGHTS = {"view": 1, "click": 2, "search": 2, "cart_add": 4, "checkout": 8}


class Event(NamedTuple):
    user: str
    type: str
    ts: int
    quantity: float = 1.0
    price: float = 0.0
    amount: float = 0.0
    sentiment: float = 0.0


@dataclass(kw_only=True)
class Known:
    """What isn't told by the events of a shopper."""

    churn: Mapping[str, float] = field(default_factory=dict)
    fraud_alert_ms: Mapping[str, int] = field(default_factory=dict)
    fraud_ms: Mapping[str, int] = field(default_factory=dict)


class Shopper:
    """One shopper's events by ``now``, in any order."""

    def __init__(self, user: str, events: Sequence[Event], now: int, known: Known) -> None:
        self.user, self.events, self.now, self.known = user, events, now, known
        self.first = min(event.ts for event in events)
        self.last = max(event.ts for event in events)
        self.silent_h = (now - self.last) / HOUR_MS

    def of(self, *types: str) -> list[Event]:
        return [event for event in self.events if event.type in types]

    def weighed(self, days: float, *types: str, until: int | None = None) -> list[tuple[float, Event]]:
        until = self.now if until is None else until
        return [(exp(-(until - event.ts) / (days * DAY_MS)), event) for event in self.of(*types)]

    def number(self, days: float, *types: str) -> float:
        return sum(weight for weight, _ in self.weighed(days, *types))

    def here(self, first: int, last: int) -> bool:
        days = {self.now // DAY_MS - event.ts // DAY_MS for event in self.events}
        return any(first <= day <= last for day in days)

    def cart(self) -> float:
        sums = (
            weight * {"cart_add": e.quantity * e.price, "cart_remove": -e.quantity * e.price}.get(e.type, -e.amount)
            for weight, e in self.weighed(7, "cart_add", "cart_remove", "purchase", until=self.last)
        )
        return sum(sums)

    def spent(self) -> float:
        return sum(event.amount for event in self.of("purchase"))

    def intent(self) -> float:
        return sum(weight * WEIGHTS[event.type] for weight, event in self.weighed(1, *WEIGHTS))

    def sentiment(self) -> float:
        scored = self.weighed(30, "review_scored")
        return sum(weight * event.sentiment for weight, event in scored) / sum(weight for weight, _ in scored)


def new_shoppers(one: Shopper, staying: bool) -> bool:
    days, orders = (8, 2) if staying else (7, 1)
    return one.now - one.first <= days * DAY_MS and len(one.of("purchase")) <= orders


def loyal(one: Shopper, staying: bool) -> bool:
    return len(one.of("purchase")) >= 5 and one.number(30, "purchase") >= (0.5 if staying else 1)


def high_value_at_risk(one: Shopper, staying: bool) -> bool:
    return one.spent() >= 500 and one.known.churn.get(one.user, 0.0) >= (0.6 if staying else 0.7)


def cart_abandoners(one: Shopper, staying: bool) -> bool:
    value, low, high = (10, 0.5, 72) if staying else (20, 1, 48)
    return one.cart() >= value and low <= one.silent_h <= high


def returning(one: Shopper, staying: bool) -> bool:
    back = 6 if staying else 1
    return one.here(0, back) and not one.here(back + 1, 31) and one.now - one.first > 32 * DAY_MS


def unhappy_reviewers(one: Shopper, staying: bool) -> bool:
    least, highest = (0.25, -0.1) if staying else (0.5, -0.3)
    return one.number(30, "review_scored") >= least and one.sentiment() <= highest


def heavy_returners(one: Shopper, staying: bool) -> bool:
    share, lately = (0.3, 0.25) if staying else (0.4, 0.5)
    refunded = sum(event.amount for event in one.of("return"))
    enough = len(one.of("return")) >= 2 and refunded >= share * one.spent()
    return enough and one.number(30, "return") >= lately


def fraud_watch(one: Shopper, staying: bool) -> bool:
    alert_d, fraud_d = (8, 33) if staying else (7, 30)
    alerted, found = one.known.fraud_alert_ms.get(one.user, 0), one.known.fraud_ms.get(one.user, 0)
    return one.now - alerted <= alert_d * DAY_MS or one.now - found <= fraud_d * DAY_MS


def hot_leads(one: Shopper, staying: bool) -> bool:
    intent, bought = (6, 0.2) if staying else (10, 0.1)
    return one.intent() >= intent and one.number(1, "purchase") < bought


DEFINITIONS = {
    definition.__name__: definition
    for definition in (
        new_shoppers,
        loyal,
        high_value_at_risk,
        cart_abandoners,
        returning,
        unhappy_reviewers,
        heavy_returners,
        fraud_watch,
        hot_leads,
    )
}


def memberships(before: Mapping[str, set[str]], events: Sequence[Event], now: int, known: Known) -> dict[str, set[str]]:
    """Who is in which segment at ``now``, of those who were in which before."""
    by_user: dict[str, list[Event]] = {}
    for event in events:
        by_user.setdefault(event.user, []).append(event)
    shoppers = [Shopper(user, of_user, now, known) for user, of_user in by_user.items()]
    return {
        name: {one.user for one in shoppers if definition(one, one.user in before.get(name, ()))}
        for name, definition in DEFINITIONS.items()
    }
