"""Who comes to the shop: each with tastes and habits, from the day of joining until falling silent for good.

Visits are a Poisson process of a rate that differs between shoppers by a gamma distribution, and lifetimes are
exponential with a scale of each shopper's own: Schmittlein, Morrison and Colombo (1987), Counting Your Customers. New
shoppers take a while to come as often as they will, and half of them fade before they fall silent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streams.simulate.catalogue import BRANDS, CATEGORIES
from streams.simulate.rows import Floats, Ints, mixed
from streams.simulate.seasons import Hours
from streams.simulate.shop import DAY_MS

COUNTRIES = ("DE", "FR", "GB", "US", "NL", "ES", "IT", "PL", "AT", "SE", "BR", "IN")
_COUNTRY_SHARES = (0.24, 0.15, 0.14, 0.1, 0.08, 0.07, 0.07, 0.05, 0.04, 0.03, 0.02, 0.01)
METHODS = ("card", "wallet", "invoice")
MERCHANTS = 200

VISITS_A_DAY = 0.25
_VISITS_SHAPE = 0.8
_LIFETIME_D = 150.0  # the median of the scales
_RAMP_D = 20.0
_FADE_D = 30.0
_NEW = 0.3  # of the later rate, at first

STATE = np.dtype(
    [
        ("number", "i8"),
        ("joined", "i8"),
        ("ends", "i8"),  # ms: no event of the shopper's is later
        ("per_day", "f4"),
        ("ramp_d", "f4"),
        ("fade_d", "f4"),
        ("level", "f4"),
        ("returns", "f4"),
        ("ring", "i4"),
        ("category", "u1", 2),
        ("brand", "u1"),
        ("country", "u1"),
    ]
)


class Arrivals(NamedTuple):
    """Shoppers, or fraudsters' accounts, in columns of shape (n,). Nobody's events are at or after ``ends``."""

    number: Ints
    joined: Ints
    ends: Ints
    ring: Ints

    def none(self) -> Arrivals:
        return Arrivals(*(column[:0] for column in self))


class Shoppers:
    """The state of n shoppers, 52 bytes each.

    Parameters
    ----------
    rings, abusers
        Which rings of refund abuse there are, and the share of new shoppers that belong to one.
    """

    def __init__(self, n: int, rings: Ints, abusers: float) -> None:
        self.state = np.zeros(n, dtype=STATE)
        self.next_number = 1
        self._rings = rings
        self._abusers = abusers

    def open(self, rng: np.random.Generator, start_ms: int) -> None:
        """Fill the shop with shoppers who joined before ``start_ms``."""
        n = len(self.state)
        self._draw(rng, np.arange(n), np.full(n, start_ms))
        lived = rng.random(n) * (self.state["ends"] - self.state["joined"])
        for name in ("joined", "ends"):
            self.state[name] -= lived.astype(np.int64)

    def renew(self, rng: np.random.Generator, hours: Hours) -> Ints:
        """Have others, who join within the time, in place of those who are silent for good by then; their slots."""
        slots = np.flatnonzero(self.state["ends"] <= hours.start_ms)
        self._draw(rng, slots, hours.moments(rng, len(slots)))
        return slots

    def arrivals(self, slots: Ints) -> Arrivals:
        state = self.state[slots]
        return Arrivals(state["number"], state["joined"], state["ends"], state["ring"])

    def take_numbers(self, n: int) -> Ints:
        """Numbers for shoppers without a state."""
        self.next_number += n
        return np.arange(self.next_number - n, self.next_number)

    def rate(self, at_ms: int) -> Floats:
        """(n,) Visits a mean day at a time."""
        state = self.state
        age_d = np.maximum(at_ms - state["joined"], 0) / DAY_MS
        left_d = np.maximum(state["ends"] - at_ms, 0) / DAY_MS
        grown = 1 - (1 - _NEW) * np.exp(-age_d / state["ramp_d"])
        rate: Floats = state["per_day"] * grown * np.minimum(left_d / state["fade_d"], 1)
        return rate

    def _draw(self, rng: np.random.Generator, slots: Ints, joined: Ints) -> None:
        n = len(slots)
        lifetime_d = 1 + rng.lognormal(np.log(_LIFETIME_D), 1.0, n) * rng.exponential(1, n)
        new = np.zeros(n, dtype=STATE)
        new["number"] = self.take_numbers(n)
        new["joined"] = joined
        new["ends"] = joined + (lifetime_d * DAY_MS).astype(np.int64)
        new["per_day"] = 0.01 + rng.gamma(_VISITS_SHAPE, VISITS_A_DAY / _VISITS_SHAPE, n)
        new["ramp_d"] = 1 + rng.exponential(_RAMP_D, n)
        new["fade_d"] = np.where(rng.random(n) < 0.5, 0.01, np.minimum(_FADE_D, lifetime_d / 2))
        new["level"] = rng.beta(2, 2, n)
        new["returns"] = rng.beta(1, 9, n)
        new["ring"] = np.where(rng.random(n) < self._abusers, rng.choice(self._rings, n), 0)
        new["category"] = rng.integers(0, len(CATEGORIES), (n, 2))
        new["brand"] = rng.integers(0, BRANDS, n)
        new["country"] = rng.choice(len(COUNTRIES), n, p=_COUNTRY_SHARES)
        self.state[slots] = new


def device_of(number: Ints, which: Ints) -> Ints:
    """One of a shopper's two devices."""
    return mixed(number * 4 + which, 48)


def card_of(number: Ints, which: Ints) -> Ints:
    return mixed(number * 4 + 2 + which, 48)


def ip_of(number: Ints, away: Ints) -> Ints:
    """The address at home, or one of a mobile network's thousand that many share."""
    return np.where(away == 1, mixed(number % 1000, 24) | 0xFF_0000, mixed(number * 2 + 1, 24))


def merchant_of(number: Ints, which: Ints) -> Ints:
    """One of the merchants that a shopper buys from."""
    merchant: Ints = (number * 7_919 + which * 31) % MERCHANTS
    return merchant
