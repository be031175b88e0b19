"""Scores that are known, by the hash of the text."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash


class Known(NamedTuple):
    """Of one text."""

    values: npt.NDArray[np.float32]  # (width,)
    n_tokens: int
    truncated: bool


def key(text: bytes, tier: str) -> bytes:
    """16 bytes: two of a billion texts share theirs with a probability of 1 in 10²⁰."""
    return xxhash.xxh3_128_digest(text, seed=xxhash.xxh3_64_intdigest(tier.encode()))


class ScoreCache:
    """The last ``capacity`` texts that were asked for. Not thread-safe.

    Of one row of ``width`` floats a text, which are written into the same memory again and again: with an embedding of
    384, 1.6 kB a text, and about 200 bytes for its key.
    """

    def __init__(self, capacity: int, width: int) -> None:
        self._values = np.empty((capacity, width), dtype=np.float32)  # the kernel gives pages when they are written
        self._slots: OrderedDict[bytes, tuple[int, int, bool]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._slots)

    def get(self, text: bytes) -> Known | None:
        """By :func:`key`. The values are valid until the next :meth:`put`."""
        found = self._slots.get(text)
        if found is None:
            return None
        self._slots.move_to_end(text)
        slot, n_tokens, truncated = found
        return Known(self._values[slot], n_tokens, truncated)

    def put(self, text: bytes, known: Known) -> None:
        if not len(self._values):
            return
        held = self._slots.pop(text, None)
        if held is not None:
            slot = held[0]
        elif len(self._slots) < len(self._values):
            slot = len(self._slots)
        else:
            _, (slot, _, _) = self._slots.popitem(last=False)
        self._values[slot] = known.values
        self._slots[text] = (slot, known.n_tokens, known.truncated)
