"""A profile in plain Python: the aggregates of ``schemas.layout``, one event at a time."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from models.profiles import recent
from schemas.events import Event
from schemas.hashing import hash_of
from schemas.layout import (
    ABNORMAL_ORDERS,
    ABNORMAL_RATIO,
    DAYS_REMEMBERED,
    HLL_REGISTERS,
    MEASURES,
    OFFSETS,
    RECENT,
    SCALES_MS,
    TOTALS,
)

DAY_MS = 86_400_000
_NIGHT_ENDS_MS = 6 * 3_600_000
_SCALES_MS = tuple(SCALES_MS.values())
_N_SCALES = len(_SCALES_MS)
_ZERO_SUMS = (0.0,) * (len(MEASURES) * _N_SCALES)
_NEGLIGIBLE = 1e-30
_INVERSE = tuple(2.0**-rank for rank in range(65))
_SPENT, _REFUNDED, _STARS, _NIGHT, _CART_UNITS, _CART_VALUE, _ABNORMAL = map(
    MEASURES.index, ("spent", "refunded", "stars", "night", "cart_units", "cart_value", "abnormal")
)
_CART_ADD, _CART_REMOVE, _PURCHASE, _RETURN, _REVIEW = 4, 5, 7, 8, 9


class PlainProfile:
    """Sums decayed to ``last_ms``, and the rest of a row of the ``profiles`` table."""

    __slots__ = (
        "countries",
        "days",
        "decayed",
        "devices",
        "first_ms",
        "id_hash",
        "last_ms",
        "last_purchase_ms",
        "max_amount",
        "offsets",
        "peers",
        "sessions",
        "totals",
    )

    def __init__(self, id: str) -> None:
        self.id_hash = hash_of(id)
        self.decayed = list(_ZERO_SUMS)  # measure by measure, each at every scale
        self.totals = [0.0] * len(TOTALS)
        self.max_amount = 0.0
        self.first_ms = self.last_ms = self.last_purchase_ms = 0
        self.peers = bytearray(HLL_REGISTERS)
        self.sessions = bytearray(HLL_REGISTERS)
        self.days = 0  # bits
        self.devices: list[tuple[int, int]] = []  # time and hash of the last seen ones, latest first
        self.countries: list[tuple[int, int]] = []
        self.offsets = [-1] * len(OFFSETS)

    def decay_to(self, ts: int) -> None:
        """Let the sums stand as of ``ts``, if that is later."""
        if ts <= self.last_ms or not self.last_ms:
            return
        elapsed_ms = self.last_ms - ts
        factors = [exp(elapsed_ms / scale_ms) for scale_ms in _SCALES_MS] * len(MEASURES)
        self.decayed = [
            kept if (kept := value * factor) > _NEGLIGIBLE or kept < -_NEGLIGIBLE else 0.0
            for value, factor in zip(self.decayed, factors, strict=True)
        ]

    def finds_abnormal(self, event: Event) -> bool:
        """Whether the event, of this shopper, is a purchase far beyond those before it."""
        orders = self.totals[1]
        return (
            event.code == _PURCHASE
            and orders >= ABNORMAL_ORDERS
            and event.amount * orders > ABNORMAL_RATIO * self.totals[3]
        )

    def add(self, event: Event, *, peer: int, session: int, device: int, country: int, is_abnormal: bool) -> None:
        """Take the event in; the sums must have been decayed to its time. Others are given by their hashes."""
        ts, code, totals = event.ts, event.code, self.totals
        weights = (
            (1.0,) * _N_SCALES
            if ts >= self.last_ms
            else tuple(exp((ts - self.last_ms) / scale_ms) for scale_ms in _SCALES_MS)
        )
        totals[0] += 1.0
        self._sum(code - 1, 1.0, weights)
        if ts % DAY_MS < _NIGHT_ENDS_MS:
            self._sum(_NIGHT, 1.0, weights)
        if code == _CART_ADD:
            self._sum(_CART_UNITS, event.quantity, weights)
            self._sum(_CART_VALUE, event.quantity * event.price, weights)
            totals[6] += 1.0
        elif code == _CART_REMOVE:
            self._sum(_CART_UNITS, -event.quantity, weights)
            self._sum(_CART_VALUE, -event.quantity * event.price, weights)
        elif code == _PURCHASE:
            self._sum(_CART_UNITS, -event.quantity, weights)
            self._sum(_CART_VALUE, -event.amount, weights)
            self._sum(_SPENT, event.amount, weights)
            if is_abnormal:
                self._sum(_ABNORMAL, 1.0, weights)
            totals[1] += 1.0
            totals[3] += event.amount
            totals[4] += event.amount**2
            self.max_amount = max(self.max_amount, event.amount)
            self.last_purchase_ms = max(self.last_purchase_ms, ts)
        elif code == _RETURN:
            self._sum(_REFUNDED, event.amount, weights)
            totals[2] += 1.0
            totals[5] += event.amount
        elif code == _REVIEW:
            self._sum(_STARS, event.rating, weights)
        if self.first_ms == 0 or ts < self.first_ms:
            self.first_ms = ts
        self.last_ms = max(self.last_ms, ts)
        _count(self.peers, peer)
        _count(self.sessions, session)
        self.days |= 1 << ts // DAY_MS % DAYS_REMEMBERED
        self.devices = _seen(self.devices, ts, device)
        self.countries = _seen(self.countries, ts, country)

    def _sum(self, measure: int, value: float, weights: Sequence[float]) -> None:
        decayed, at = self.decayed, measure * _N_SCALES
        for scale in range(_N_SCALES):
            decayed[at + scale] += value * weights[scale]

    def row(self) -> tuple[object, ...]:
        """The values of ``schemas.layout.PROFILE_COLUMNS``, from the offsets on."""
        return (
            *self.offsets,
            self.first_ms,
            self.last_ms,
            self.last_purchase_ms,
            *self.totals,
            self.max_amount,
            *self.decayed,
            *_words(self.peers),
            *_words(self.sessions),
            *_words(self.days.to_bytes(DAYS_REMEMBERED // 8, "little")),
            *_pairs(self.devices),
            *_pairs(self.countries),
        )


def distinct(registers: bytearray) -> float:
    """A HyperLogLog's estimate."""
    zeros = registers.count(0)
    raw = 0.709 * HLL_REGISTERS**2 / sum([_INVERSE[rank] for rank in registers])
    return HLL_REGISTERS * log(HLL_REGISTERS / zeros) if zeros and raw <= 2.5 * HLL_REGISTERS else raw


def sighting(seen: Sequence[tuple[int, int]], value: int) -> int:
    """What a device or a country is to a shopper, in the words of ``models.profiles.recent``."""
    if not value:
        return recent.NOT_GIVEN
    if not seen:
        return recent.FIRST_EVER
    if seen[0][1] == value:
        return recent.SAME_AS_LAST
    return recent.KNOWN if any(known == value for _, known in seen) else recent.NEW


def _count(registers: bytearray, value: int) -> None:
    if value:
        rest = value >> 6
        rank = min((rest & -rest).bit_length() or 57, 57)
        if rank > registers[value & 63]:
            registers[value & 63] = rank


def _seen(seen: list[tuple[int, int]], ts: int, value: int) -> list[tuple[int, int]]:
    if not value:
        return seen
    latest = {known: at for at, known in seen}
    latest[value] = max(ts, latest.get(value, 0))
    return sorted(((at, known) for known, at in latest.items()), reverse=True)[:RECENT]


def _words(data: bytes | bytearray) -> list[int]:
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]


def _pairs(seen: Sequence[tuple[int, int]]) -> list[int]:
    return [number for at, value in seen for number in (value, at)] + [0] * (2 * (RECENT - len(seen)))
