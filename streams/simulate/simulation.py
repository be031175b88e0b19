"""A shop's state, advanced a tick of event time at a time; each tick's records are those sent within it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from streams.replay.chunk import CHUNK_EVENTS, Chunk
from streams.simulate.aftermath import followed
from streams.simulate.catalogue import Catalogue
from streams.simulate.delivery import dispatched
from streams.simulate.encode import Encoder
from streams.simulate.rings import ABUSIVE_VISITS, Rings
from streams.simulate.rows import EVENT, PURCHASE, Fraud, Ints, Rows, numbered
from streams.simulate.seasons import Hours
from streams.simulate.shop import HOUR_MS, Shop
from streams.simulate.shoppers import VISITS_A_DAY, Arrivals, Shoppers, device_of, ip_of
from streams.simulate.visits import Visits, acted

EVENTS_A_DAY = 7.5 * VISITS_A_DAY
"""Of a shopper, about."""
TICK_EVENTS = 8_000
"""Of a tick, at least, where the shop is large enough: a tick's fixed cost is some milliseconds."""
_TICKS_H = (1, 2, 3, 4, 6, 8, 12, 24)
_AWAY = 0.25  # share of visits from the second device, on the way


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Records to be sent, what is behind each of them, and who came to the shop since the piece before."""

    chunk: Chunk
    rows: Rows
    came: Arrivals


class Simulation:
    """The same ``shop`` gives the same records each time, however they are cut into chunks.

    What is kept in memory is the shoppers, and what is still to come of what they did in the last weeks.
    """

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.rings = Rings(shop)
        self._catalogue = Catalogue(shop.seed)
        self._encoder = Encoder(shop.seed, self._catalogue)

    def pieces(
        self, *, events: int | None = None, end_ms: int | None = None, chunk_events: int = CHUNK_EVENTS
    ) -> Iterator[Piece]:
        """So many records at most, none of them sent at ``end_ms`` or later; with neither, without end."""
        left = events
        for hours, rows, came in self._ticks():
            if end_ms is not None and hours.start_ms >= end_ms:
                return
            rows = rows if end_ms is None else rows[rows["at"] < end_ms]
            for start in range(0, max(1, len(rows)), chunk_events):
                part = rows[start : start + chunk_events][:left]
                yield Piece(chunk=self._encoder.chunk(part), rows=part, came=came)
                came = came.none()
                if left is not None and (left := left - len(part)) == 0:
                    return

    def _ticks(self) -> Iterator[tuple[Hours, Rows, Arrivals]]:
        """Each tick's records in the order of sending, and who came to the shop in it."""
        shop = self.shop
        shoppers = Shoppers(shop.shoppers, self.rings.of[Fraud.REFUND_ABUSE], self.rings.abusers)
        shoppers.open(np.random.default_rng((shop.seed, 1)), shop.start_ms)
        came = [shoppers.arrivals(np.arange(shop.shoppers))]
        waiting = np.zeros(0, dtype=EVENT)
        number = session = tick = 0
        while True:
            # A generator a tick: what one draws doesn't hang on how much those before drew.
            rng = np.random.default_rng((shop.seed, 2, tick))
            hours = Hours(shop.start_ms + tick * _tick_ms(shop), shop.start_ms + (tick + 1) * _tick_ms(shop))
            new = shoppers.renew(rng, hours)
            visits = _visits(shoppers, new, hours, rng) + self.rings.takeovers(rng, shoppers, hours)
            acts = acted(visits, shoppers, self._catalogue, rng, session)
            session += len(visits.slot)
            tests, testers = self.rings.tests_of_cards(rng, shoppers, hours, session)
            session += len(testers.number)
            rows = np.concatenate([acts, tests])
            number = numbered(rows, number)
            after = followed(rows[rows["kind"] == PURCHASE], shoppers, self._catalogue, rng)
            number = numbered(after, number)
            records, number = dispatched(np.concatenate([rows, after]), shop, rng, number)
            waiting = np.concatenate([waiting, records])
            is_due = waiting["at"] < hours.end_ms
            due, waiting = waiting[is_due], waiting[~is_due]
            came += [shoppers.arrivals(new), testers]
            yield (
                hours,
                due[np.argsort(due["at"], kind="stable")],
                Arrivals(*map(np.concatenate, zip(*came, strict=True))),
            )
            came = []
            tick += 1


def _tick_ms(shop: Shop) -> int:
    """A divisor of the day."""
    an_hour = shop.shoppers * EVENTS_A_DAY / 24
    return HOUR_MS * next((hours for hours in _TICKS_H if hours * an_hour >= TICK_EVENTS), _TICKS_H[-1])


def _visits(shoppers: Shoppers, new: Ints, hours: Hours, rng: np.random.Generator) -> Visits:
    """Of shoppers to the shop, within their lives: a first one when they join, and then by their rates."""
    n_visits = rng.poisson(shoppers.rate((hours.start_ms + hours.end_ms) // 2) * hours.days)
    slot = np.concatenate([np.repeat(np.arange(len(n_visits)), n_visits), new])
    start = np.concatenate([hours.moments(rng, len(slot) - len(new)), shoppers.state["joined"][new]])
    alive = start >= shoppers.state["joined"][slot]
    slot, start = slot[alive], start[alive]
    who = shoppers.state[slot]
    number, n = who["number"], len(slot)
    away = (rng.random(n) < _AWAY).astype(np.int64)
    abuses = (who["ring"] > 0) & (rng.random(n) < ABUSIVE_VISITS)
    return Visits(
        slot=slot,
        start=start,
        device=device_of(number, away),
        ip=ip_of(number, away),
        country=who["country"].astype(np.int64),
        ring=np.where(abuses, who["ring"], 0),
        fraud=np.where(abuses, Fraud.REFUND_ABUSE, Fraud.NONE),
        quantity=np.where(abuses, 2, 1),
    )
