"""A visit's steps: items viewed one after the other, some searched for, some put into the cart, and perhaps paid."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from streams.simulate.catalogue import Catalogue
from streams.simulate.rows import (
    CART_ADD,
    CART_REMOVE,
    CHECKOUT,
    CLICK,
    EVENT,
    PURCHASE,
    SEARCH,
    VIEW,
    Floats,
    Fraud,
    Ints,
    Rows,
)
from streams.simulate.shoppers import Shoppers, card_of, merchant_of

VIEWS = 5.0
"""Of a visit, in the mean."""
SEARCHED = 0.2
CLICKED = 0.12
"""Shares of views before which a search or a click came."""
FILLS_CART = 0.25
"""Share of visits that put something into the cart: the last item viewed, and ``ADDED`` of the others."""
ADDED = 0.25
REMOVED = 0.12
CHECKS_OUT = 0.5
"""Share of visits with a cart that come to the checkout."""
PAYS = 0.8
"""Share of checkouts that are paid."""
ABUSES = 0.8
"""Share of purchases of refund abusers that are made to be returned."""
WORDS = 48

_PAUSE_MS = 15_000
_LEAST_PAUSE_MS = 12_000
_OFFSET_MS = np.array([0, -1_000, -3_000, 6_000, 9_000, 15_000, 45_000])
"""(kinds,) By kind, from the view of the step. Less than the least pause before the next view, but for paying."""


@dataclass(frozen=True, kw_only=True)
class Visits:
    """n visits as columns of shape (n,). Those with a fraud in mind buy for certain, ``quantity`` times as much."""

    slot: Ints
    start: Ints
    device: Ints
    ip: Ints
    country: Ints
    ring: Ints
    fraud: Ints
    quantity: Ints

    def __add__(self, other: Self) -> Self:
        return type(self)(
            **{
                column.name: np.concatenate([getattr(self, column.name), getattr(other, column.name)])
                for column in fields(self)
            }
        )


def acted(visits: Visits, shoppers: Shoppers, catalogue: Catalogue, rng: np.random.Generator, session: int) -> Rows:
    """What happens in the visits, whose sessions are numbered from ``session``. Nobody acts after the end."""
    n = len(visits.slot)
    who = shoppers.state[visits.slot]
    certain = visits.fraud > 0
    views = rng.geometric(1 / VIEWS, n)
    of_visit = np.repeat(np.arange(n), views)  # (steps,), and so the others
    last = np.cumsum(views) - 1  # (n,)
    steps = len(of_visit)
    elapsed = np.cumsum(_LEAST_PAUSE_MS + rng.exponential(_PAUSE_MS, steps).astype(np.int64))
    viewed = visits.start[of_visit] + 4_000 + elapsed - elapsed[last - views + 1][of_visit]
    item = _items(rng, catalogue, who, of_visit)
    quantity = (1 + (rng.random(steps) < 0.2) + (rng.random(steps) < 0.05)) * visits.quantity[of_visit]

    fills = (rng.random(n) < FILLS_CART) | certain
    checks_out = fills & ((rng.random(n) < CHECKS_OUT) | certain)
    pays = checks_out & ((rng.random(n) < PAYS) | certain)
    ends_visit = np.zeros(steps, dtype=bool)
    ends_visit[last] = True
    added = fills[of_visit] & (ends_visit | (rng.random(steps) < ADDED))
    removed = added & ~ends_visit & (rng.random(steps) < REMOVED)
    kept = added & ~removed
    amount = np.bincount(of_visit, weights=kept * quantity * catalogue.price[item], minlength=n)
    units = np.bincount(of_visit, weights=kept * quantity, minlength=n).astype(np.int64)

    step_of = {
        VIEW: np.arange(steps),
        CLICK: np.flatnonzero(rng.random(steps) < CLICKED),
        SEARCH: np.flatnonzero(rng.random(steps) < SEARCHED),
        CART_ADD: np.flatnonzero(added),
        CART_REMOVE: np.flatnonzero(removed),
        CHECKOUT: last[checks_out],
        PURCHASE: last[pays],
    }
    kind = np.repeat(np.arange(len(step_of)), [len(at) for at in step_of.values()])  # (rows,)
    step = np.concatenate(list(step_of.values()))
    visit = of_visit[step]
    rows = np.zeros(len(step), dtype=EVENT)
    rows["kind"] = kind
    rows["ts"] = viewed[step] + _OFFSET_MS[kind]
    for name in ("slot", "device", "ip", "country", "ring"):
        rows[name] = getattr(visits, name)[visit]
    rows["user"] = who["number"][visit]
    rows["session"] = session + visit
    rows["item"] = item[step]
    rows["quantity"] = np.where(kind < CHECKOUT, quantity[step], units[visit])
    rows["amount"] = np.where(kind < CHECKOUT, 0, amount[visit])
    rows["words"] = rng.integers(0, WORDS, (len(rows), 2))
    _paid(rows, kind == PURCHASE, visits.fraud[visit], rng)
    alive: Rows = rows[rows["ts"] < who["ends"][visit]]
    return alive


def _items(rng: np.random.Generator, catalogue: Catalogue, who: Rows, of_visit: Ints) -> Ints:
    second = (rng.random(len(of_visit)) < 0.3).astype(np.int64)
    category = who["category"].astype(np.int64)[of_visit, second]
    level: Floats = who["level"][of_visit]
    return catalogue.choose(rng, category, who["brand"].astype(np.int64)[of_visit], level)


def _paid(rows: Rows, is_purchase: Rows, fraud: Ints, rng: np.random.Generator) -> None:
    at = np.flatnonzero(is_purchase)
    n, user = len(at), rows["user"][at]
    rows["card"][at] = card_of(user, (rng.random(n) < 0.1).astype(np.int64))
    rows["merchant"][at] = merchant_of(user, (rng.random(n) ** 2 * 3).astype(np.int64))
    rows["method"][at] = np.where(fraud[at] == Fraud.TAKEOVER, 0, user % 3)
    abused = rng.random(n) < ABUSES
    rows["fraud"][at] = np.where((fraud[at] == Fraud.REFUND_ABUSE) & ~abused, Fraud.NONE, fraud[at])
