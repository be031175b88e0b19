"""A shop's events: sessions of shoppers of whom few come often, all drawn at once and the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streams.replay.chunk import CHUNK_EVENTS, Chunk, Rows, encoded

START_MS = 1_748_822_400_000
"""2025-06-02, a Monday: long enough ago for the check of producers' clocks."""
SPAN_MS = 7 * 86_400_000

_TYPES = ("view", "click", "search", "cart_add", "purchase")
_SHARES = (0.60, 0.12, 0.12, 0.11, 0.05)
_SESSION_EVENTS = 8  # in the mean
_PAUSE_MS = 20_000  # between two events of a session, in the mean
_ITEMS = 20_000
_MERCHANTS = 50
_SKEW = 0.8  # of Zipf's law, for shoppers and items
_WORDS = np.array(
    ["red", "blue", "black", "wool", "linen", "summer", "winter", "running", "lamp", "shoes", "shirt", "mug"]
)
_COUNTRIES = np.array(["DE", "FR", "GB", "US", "NL", "ES", "IT", "PL"])
_METHODS = np.array(["card", "wallet", "invoice"])

Ints = npt.NDArray[np.int64]


def user_ids(numbers: Ints) -> list[str]:
    return [f"u{number:08d}" for number in numbers.tolist()]


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Parameters
    ----------
    users
        Shoppers there are; how often one comes falls by Zipf's law.
    seed
        Of all that is drawn.
    start_ms, span_ms
        Event times are spread over that time.
    """

    users: int
    seed: int = 1
    start_ms: int = START_MS
    span_ms: int = SPAN_MS

    def events(self, n: int) -> Iterator[Chunk]:
        """n events in the order of their times, in chunks. About 15 µs an event."""
        drawn = self._drawn(n)
        for start in range(0, n, CHUNK_EVENTS):
            part = {name: column[start : start + CHUNK_EVENTS] for name, column in drawn.items()}
            yield encoded(_rows(part))

    def _drawn(self, n: int) -> dict[str, npt.NDArray[Any]]:
        """Columns of shape (n,): what an event is, as numbers."""
        rng = np.random.default_rng(self.seed)
        lengths = rng.geometric(1 / _SESSION_EVENTS, size=n)
        session = np.repeat(np.arange(n), lengths)[:n]
        n_sessions = int(session[-1]) + 1
        user = _zipf(rng, self.users, n_sessions)[session]
        pause_ms = rng.exponential(_PAUSE_MS, size=n)
        elapsed_ms = np.cumsum(pause_ms)
        elapsed_ms -= elapsed_ms[np.searchsorted(session, session)]  # since the session's first event
        begins_ms = rng.uniform(0, self.span_ms, size=n_sessions)[session]
        ts = self.start_ms + np.minimum(begins_ms + elapsed_ms, self.span_ms).astype(np.int64)
        item = _zipf(rng, _ITEMS, n)
        away = (rng.random(n_sessions) < 0.2)[session]  # from the other device, and elsewhere
        columns = {
            "type": rng.choice(len(_TYPES), size=n, p=_SHARES),
            "ts": ts,
            "session": session,
            "user": user,
            "item": item,
            "price": np.round(rng.lognormal(3, 1, size=_ITEMS), 2)[item],
            "quantity": rng.integers(1, 4, size=n),
            "device": 2 * user + away,
            "ip": np.where(away, self.users + user % 1000, user),
            "word": rng.integers(0, len(_WORDS), size=n),
            "event_id": np.frombuffer(rng.bytes(16 * n), dtype="V16"),
        }
        order = np.argsort(ts, kind="stable")
        return {name: column[order] for name, column in columns.items()}


def _zipf(rng: np.random.Generator, count: int, size: int) -> Ints:
    """Numbers below ``count``, a smaller one more often."""
    weight = np.cumsum(np.arange(1, count + 1) ** -_SKEW)
    numbers: Ints = np.searchsorted(weight, rng.random(size) * weight[-1])
    return numbers


def _rows(drawn: dict[str, npt.NDArray[Any]]) -> Iterator[Rows]:
    for code, kind in enumerate(_TYPES):
        place = np.flatnonzero(drawn["type"] == code)
        part = {name: column[place] for name, column in drawn.items()}
        columns = _common(part)
        if kind == "search":
            columns["query"] = np.char.add(np.char.add(_WORDS[part["word"]], " "), _WORDS[part["item"] % len(_WORDS)])
        else:
            columns |= _of_item(part)
        if kind in ("cart_add", "purchase"):
            columns |= {"quantity": part["quantity"], "currency": ["EUR"] * len(place)}
        if kind == "purchase":
            columns |= _of_order(part)
        yield Rows(type=kind, place=place, columns=columns)


def _common(part: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    return {
        "event_id": [raw.hex() for raw in part["event_id"].tolist()],
        "user_id": user_ids(part["user"]),
        "ts": part["ts"],
        "session": [f"s{number}" for number in part["session"].tolist()],
        "device": [f"d-{number:x}" for number in (part["device"] * 2_654_435_761 % 2**32).tolist()],
        "ip": [f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" for number in part["ip"].tolist()],
        "country": _COUNTRIES[part["user"] % len(_COUNTRIES)],
    }


def _of_item(part: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    item = part["item"].tolist()
    return {
        "item": [f"sku-{number}" for number in item],
        "category": [f"category-{number % 40}" for number in item],
        "brand": [f"brand-{number % 300}" for number in item],
        "price": part["price"],
    }


def _of_order(part: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    return {
        "order_id": [f"o-{raw[:6].hex()}" for raw in part["event_id"].tolist()],
        "amount": np.round(part["price"] * part["quantity"], 2),
        "method": _METHODS[part["user"] % len(_METHODS)],
        "card": [f"card-{number:x}" for number in (part["user"] * 40_503 % 2**32).tolist()],
        "merchant": [f"merchant-{number % _MERCHANTS}" for number in part["item"].tolist()],
    }
