"""An event as numbers: one row of a structured array, from which its JSON is written when it is sent."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[Any]
"""Of ``EVENT``, shape (n,)."""
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

KINDS = (
    "view",
    "click",
    "search",
    "cart_add",
    "cart_remove",
    "checkout",
    "purchase",
    "return",
    "review",
    "fraud_label",
)
VIEW, CLICK, SEARCH, CART_ADD, CART_REMOVE, CHECKOUT, PURCHASE, RETURN, REVIEW, FRAUD_LABEL = range(len(KINDS))


class Fraud(IntEnum):
    """What is behind a purchase."""

    NONE = 0
    CARD_TESTING = 1
    TAKEOVER = 2
    REFUND_ABUSE = 3


EVENT = np.dtype(
    [
        ("at", "i8"),  # when it is sent, in the shop's time; ms as all times
        ("ts", "i8"),
        ("n", "i8"),  # its number: the event's id
        ("user", "i8"),
        ("session", "i8"),
        ("target", "i8"),  # the number of the purchase that this is about
        ("device", "i8"),
        ("card", "i8"),
        ("amount", "f8"),
        ("slot", "i4"),  # of the shopper's state; -1 for none
        ("item", "i4"),
        ("quantity", "i4"),
        ("ip", "i4"),  # 24 bits
        ("merchant", "i4"),
        ("ring", "i4"),  # 0 for none
        ("words", "i4", 2),  # sentences of a review, -1 for none; words of a query
        ("country", "u1"),
        ("method", "u1"),
        ("rating", "u1"),
        ("kind", "u1"),
        ("fraud", "u1"),  # of a purchase: Fraud; of a label: 1 for fraud, 0 for ok
        ("broken", "u1"),  # the way in which it is, 0 for not
        ("again", "?"),  # it was sent before
    ]
)


def numbered(rows: Rows, first: int) -> int:
    """Give rows numbers from ``first`` on; the next free one."""
    rows["n"] = np.arange(first, first + len(rows))
    return first + len(rows)


def mixed(numbers: Ints, bits: int) -> Ints:
    """Numbers without an order to be seen, of so many bits (Fibonacci hashing, Knuth 6.4)."""
    product = numbers.astype(np.uint64) * np.uint64(0x9E37_79B9_7F4A_7C15)
    return (product >> np.uint64(64 - bits)).astype(np.int64)
