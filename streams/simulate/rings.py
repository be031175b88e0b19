"""Fraudsters in rings, each known: a ring works from its own devices, addresses and country, and renews them monthly.

Testers of cards try many stolen cards within minutes, a few coins each, at one merchant, with accounts made for it.
Takers of accounts visit as a shopper who has been here before, from a device and a country that aren't the shopper's,
and buy much. Abusers of refunds are shoppers who buy much and return it; they are told by ``Shoppers.state["ring"]``.
"""

from __future__ import annotations

import numpy as np

from streams.simulate.rows import EVENT, PURCHASE, Fraud, Ints, Rows, mixed
from streams.simulate.seasons import Hours
from streams.simulate.shop import DAY_MS, Shop
from streams.simulate.shoppers import COUNTRIES, MERCHANTS, VISITS_A_DAY, Arrivals, Shoppers
from streams.simulate.visits import ABUSES, CHECKS_OUT, FILLS_CART, PAYS, Visits

SHARES = {Fraud.CARD_TESTING: 0.4, Fraud.TAKEOVER: 0.4, Fraud.REFUND_ABUSE: 0.2}
"""Of the frauds."""
BURST = 30
"""Cards tried in a burst, in the mean."""
CARDS_AN_ACCOUNT = 3
ABUSIVE_VISITS = 0.5
"""Share of a refund abuser's visits that are made to buy."""
_SHOPPERS_A_RING = 2_000
_PAUSE_MS = 30_000
_MONTH_MS = 30 * DAY_MS


class Rings:
    """Attributes
    ----------
    of
        The numbers of the rings by kind, from 1 on.
    abusers
        Share of shoppers that belong to a ring of refund abusers.
    """

    def __init__(self, shop: Shop) -> None:
        n = 1 + shop.shoppers // _SHOPPERS_A_RING
        self.of = {fraud: 1 + n * place + np.arange(n) for place, fraud in enumerate(SHARES)}
        pays = FILLS_CART * CHECKS_OUT * PAYS
        self.abusers = shop.fraud * SHARES[Fraud.REFUND_ABUSE] * pays / (ABUSIVE_VISITS * ABUSES)
        frauds = shop.fraud * shop.shoppers * VISITS_A_DAY * pays  # a day
        self._bursts = frauds * SHARES[Fraud.CARD_TESTING] / BURST
        self._takeovers = frauds * SHARES[Fraud.TAKEOVER]

    def kind_of(self, ring: int) -> Fraud:
        return next(fraud for fraud, rings in self.of.items() if ring in rings)

    def tests_of_cards(
        self, rng: np.random.Generator, shoppers: Shoppers, hours: Hours, session: int
    ) -> tuple[Rows, Arrivals]:
        """Purchases of bursts that begin within the time, at any hour alike; an account's are a session, numbered from
        ``session`` on."""
        bursts = rng.poisson(self._bursts * (hours.end_ms - hours.start_ms) / DAY_MS)
        size = 1 + rng.poisson(BURST - 1, bursts)
        burst = np.repeat(np.arange(bursts), size)  # (cards,), and so the others
        first = (np.cumsum(size) - size)[burst]
        place = np.arange(len(burst)) - first
        pause = np.cumsum(rng.exponential(_PAUSE_MS, len(burst)).astype(np.int64))
        ts = rng.integers(hours.start_ms, hours.end_ms, bursts)[burst] + pause - pause[first]
        ring = rng.choice(self.of[Fraud.CARD_TESTING], bursts)[burst]
        opens = place % CARDS_AN_ACCOUNT == 0
        account, starts = np.cumsum(opens) - 1, np.flatnonzero(opens)
        number = shoppers.take_numbers(len(starts))
        ends = np.append(starts, len(burst))[1:] - 1

        rows = np.zeros(len(burst), dtype=EVENT)
        rows["kind"], rows["fraud"] = PURCHASE, Fraud.CARD_TESTING
        rows["slot"], rows["ts"], rows["ring"] = -1, ts, ring
        rows["user"], rows["session"] = number[account], session + account
        rows["device"], rows["ip"], rows["country"] = look(ring, ts, rng.integers(0, 2, len(rows)))
        rows["card"] = mixed(number[account] * CARDS_AN_ACCOUNT + place % CARDS_AN_ACCOUNT + (1 << 40), 48)
        rows["merchant"] = mixed(ring * 4_096 + ts // _MONTH_MS, 32) % MERCHANTS
        rows["amount"] = np.round(rng.uniform(0.5, 5, len(rows)), 2)
        rows["quantity"] = 1
        return rows, Arrivals(number, ts[starts], ts[ends] + 1, ring[starts])

    def takeovers(self, rng: np.random.Generator, shoppers: Shoppers, hours: Hours) -> Visits:
        """Visits as shoppers who joined a week before or earlier, and still come."""
        n = rng.poisson(self._takeovers * hours.days)
        slot = rng.integers(0, len(shoppers.state), n)
        start = hours.moments(rng, n)
        known = shoppers.state["joined"][slot] < start - 7 * DAY_MS
        slot, start = slot[known], start[known]
        ring = rng.choice(self.of[Fraud.TAKEOVER], len(slot))
        device, ip, country = look(ring, start, rng.integers(2, 1_000, len(slot)))
        own = shoppers.state["country"][slot]
        return Visits(
            slot=slot,
            start=start,
            device=device,
            ip=ip,
            country=np.where(country == own, (country + 1) % len(COUNTRIES), country),
            ring=ring,
            fraud=np.full(len(slot), Fraud.TAKEOVER),
            quantity=rng.integers(3, 9, len(slot)),
        )


def look(ring: Ints, ts: Ints, which: Ints) -> tuple[Ints, Ints, Ints]:
    """A ring's device, one of many, address and country at a time."""
    month = ring * 4_096 + ts // _MONTH_MS
    device = mixed((month << 10) + which + (1 << 50), 48)
    return device, mixed((month << 2) + which % 4 + (1 << 50), 24), mixed(month, 32) % len(COUNTRIES)
