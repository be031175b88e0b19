"""The profile as its documentation defines it: plain Python over the list of all events that it contains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, fsum, log

import xxhash

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SCALES_MS = {"1h": HOUR_MS, "1d": DAY_MS, "7d": 7 * DAY_MS, "30d": 30 * DAY_MS}
TYPES = ("view", "click", "search", "cart_add", "cart_remove", "checkout", "purchase", "return", "review")
SCORED = "review_scored"
TYPES_OF_TOPIC = (TYPES[:3], TYPES[3:8], TYPES[8:], (SCORED,))  # in the order of schemas.layout.OFFSETS


@dataclass(frozen=True, kw_only=True)
class Event:
    """What a profile takes in of one event; ``topic`` is a position in ``schemas.layout.OFFSETS``."""

    topic: int
    type: str
    ts: int
    price: float = 0.0
    quantity: float = 1.0
    amount: float = 0.0
    rating: float = 0.0
    sentiment: float = 0.0
    peer: str = ""
    session: str = ""
    device: str = ""
    country: str = ""
    abnormal: bool | None = None
    """As the shopper's profile decided it; None where the profile is the shopper's."""


MEASURES: dict[str, Callable[[Event], float]] = {
    "views": lambda e: e.type == "view",
    "clicks": lambda e: e.type == "click",
    "searches": lambda e: e.type == "search",
    "cart_adds": lambda e: e.type == "cart_add",
    "cart_removes": lambda e: e.type == "cart_remove",
    "checkouts": lambda e: e.type == "checkout",
    "purchases": lambda e: e.type == "purchase",
    "returns": lambda e: e.type == "return",
    "reviews": lambda e: e.type == "review",
    "spent": lambda e: e.amount if e.type == "purchase" else 0.0,
    "refunded": lambda e: e.amount if e.type == "return" else 0.0,
    "stars": lambda e: e.rating if e.type == "review" else 0.0,
    "night": lambda e: e.type != SCORED and e.ts % DAY_MS < 6 * HOUR_MS,
    "cart_units": lambda e: {"cart_add": e.quantity, "cart_remove": -e.quantity, "purchase": -e.quantity}.get(
        e.type, 0.0
    ),
    "cart_value": lambda e: {
        "cart_add": e.quantity * e.price,
        "cart_remove": -e.quantity * e.price,
        "purchase": -e.amount,
    }.get(e.type, 0.0),
    "abnormal": lambda e: bool(e.abnormal) and e.type != SCORED,
    "scored_reviews": lambda e: e.type == SCORED,
    "sentiment": lambda e: e.sentiment if e.type == SCORED else 0.0,
}


@dataclass(frozen=True, kw_only=True)
class State:
    """A profile, or what an event sees of one."""

    decayed: dict[tuple[str, str], float]
    magnitude: dict[tuple[str, str], float]
    """The sums of the absolute values: what rounding errors of ``decayed`` are small against."""
    totals: dict[str, float]
    max_amount: float
    first_ms: int
    last_ms: int
    last_purchase_ms: int
    peers: list[int]
    """HyperLogLog registers, as are ``sessions``."""
    sessions: list[int]
    days: frozenset[int]
    """Since 1970."""
    devices: list[tuple[int, int]]
    """Time and hash of the last seen ones, latest first, as of ``countries``."""
    countries: list[tuple[int, int]]


def state_of(events: Sequence[Event], at_ms: int = 0) -> State:
    """The profile of ``events``, in the order in which it took them in, decayed to ``at_ms`` or the latest of them,
    whichever is later."""
    events = decided(events)
    times = [event.ts for event in events]
    shown = [event for event in events if event.type != SCORED]
    purchases = [event for event in events if event.type == "purchase"]
    refunds = [event.amount for event in events if event.type == "return"]
    now_ms = max([at_ms, *times])
    terms = [
        (measure, scale, exp(-(now_ms - event.ts) / scale_ms) * value)
        for event in events
        for measure, contribution in MEASURES.items()
        if (value := float(contribution(event)))
        for scale, scale_ms in SCALES_MS.items()
    ]
    by_cell: dict[tuple[str, str], list[float]] = {(measure, scale): [] for measure in MEASURES for scale in SCALES_MS}
    for measure, scale, term in terms:
        by_cell[measure, scale].append(term)
    return State(
        decayed={cell: fsum(values) for cell, values in by_cell.items()},
        magnitude={cell: fsum(map(abs, values)) for cell, values in by_cell.items()},
        totals={
            "events": sum(event.type != SCORED for event in events),
            "purchases": len(purchases),
            "returns": len(refunds),
            "spent": fsum(event.amount for event in purchases),
            "spent_squared": fsum(event.amount**2 for event in purchases),
            "refunded": fsum(refunds),
            "cart_adds": sum(event.type == "cart_add" for event in events),
            "scored_reviews": sum(event.type == SCORED for event in events),
            "sentiment": fsum(event.sentiment for event in events if event.type == SCORED),
        },
        max_amount=max((event.amount for event in purchases), default=0.0),
        first_ms=min(times, default=0),
        last_ms=max(times, default=0),
        last_purchase_ms=max((event.ts for event in purchases), default=0),
        peers=registers_of(event.peer for event in events),
        sessions=registers_of(event.session for event in shown),
        days=frozenset(ts // DAY_MS for ts in times),
        devices=latest((event.ts, event.device) for event in shown),
        countries=latest((event.ts, event.country) for event in shown),
    )


def decided(events: Sequence[Event]) -> list[Event]:
    """One shopper's events, each with whether it is an abnormal purchase where that wasn't told: of more than 2.5 times
    the mean of those before it, of which there must be 5."""
    orders, spent = 0, 0.0
    found = []
    for event in events:
        is_purchase = event.type == "purchase"
        is_abnormal = is_purchase and orders >= 5 and event.amount * orders > 2.5 * spent
        found.append(replace(event, abnormal=is_abnormal) if event.abnormal is None else event)
        orders += is_purchase
        spent += event.amount if is_purchase else 0.0
    return found


def hash_of(value: str) -> int:
    return xxhash.xxh64_intdigest(value.encode()) if value else 0


def registers_of(values: Iterable[str]) -> list[int]:
    """64 registers: by the low 6 bits of the hash, the largest position of the lowest 1 bit of the rest, up to 57."""
    registers = [0] * 64
    for value_hash in {hash_of(value) for value in values} - {0}:
        rest = value_hash >> 6
        rank = min((rest & -rest).bit_length() or 57, 57)
        registers[value_hash % 64] = max(registers[value_hash % 64], rank)
    return registers


def distinct(registers: Sequence[int]) -> float:
    """The HyperLogLog paper's estimate: the harmonic mean, by linear counting where small and a register is empty."""
    raw = 0.709 * 64**2 / fsum(2.0**-rank for rank in registers)
    zeros = list(registers).count(0)
    return 64 * log(64 / zeros) if zeros and raw <= 2.5 * 64 else raw


def remembered(days: Iterable[int]) -> set[int]:
    """Those of the last 512 up to the latest."""
    days = set(days)
    return {day for day in days if day > max(days) - 512}


def latest(sightings: Iterable[tuple[int, str]]) -> list[tuple[int, int]]:
    """The four values seen last, as (time, hash), latest first."""
    last_seen: dict[int, int] = {}
    for ts, value in sightings:
        if value:
            last_seen[hash_of(value)] = max(ts, last_seen.get(hash_of(value), 0))
    return sorted(((ts, value_hash) for value_hash, ts in last_seen.items()), reverse=True)[:4]


def sighting(value: str, seen: Sequence[tuple[int, int]]) -> str:
    """What a value is to a profile that last saw ``seen``."""
    hashes = [value_hash for _, value_hash in seen]
    if not value:
        return "not given"
    if not hashes:
        return "first ever"
    if hash_of(value) == hashes[0]:
        return "same as last"
    return "known" if hash_of(value) in hashes else "new"


def within_a_day(seen: Sequence[tuple[int, int]], now_ms: int) -> int:
    return sum(ts > now_ms - DAY_MS for ts, _ in seen)
