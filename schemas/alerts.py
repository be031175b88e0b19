"""An alert: a score at or above its threshold, with the reasons, for ops and analysts to act on.

``alert_id`` depends on nothing but the event, so an alert that is sent again can be dropped, and an acknowledgement
finds its event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

Kind = Literal["fraud", "churn", "churn_long"]
"""What is predicted. Alerts are of fraud and churn; ``churn_long`` is churn over another horizon."""


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One feature's part in a score."""

    feature: str
    value: float
    """As the model saw it: the logarithm, where the feature's name says so."""
    contribution: float
    """To the log-odds of the score: above 0 it raised the score."""
    text: str
    """For people: ``3 orders in 1 h``."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """``score`` is the probability that the model ``version`` gave the event, at least ``threshold``."""

    alert_id: str
    kind: Kind
    user_id: str
    event_id: str
    topic: str
    partition: int
    offset: int
    ts: int
    """Event time in Unix milliseconds."""
    score: float
    threshold: float
    version: str
    order_id: str = ""
    amount: float = 0.0
    reasons: list[Reason] = []
    """Strongest first."""
    base: float = 0.0
    """Log-odds that the contributions of all features, these among them, add to."""
    raised_ms: int
    """When it was raised, Unix milliseconds."""

    def to_json(self) -> bytes:
        """The form on the alert topics."""
        return msgspec.json.encode(self)


_AS_THEY_ARE = tuple(name for name in Alert.__struct_fields__ if name != "reasons")


def alert_id(kind: Kind, topic: str, user_id: str, event_id: str) -> str:
    """32 hexadecimal digits that tell the event apart; ``topic`` is the name in the contract, without prefix.

    >>> alert_id("fraud", "carts", "u1", "e1")
    '81d500706e043f60be083ba2b7dc3620'
    """
    # JSON keeps ("ab", "c") and ("a", "bc") apart.
    return hashlib.sha256(msgspec.json.encode([kind, topic, user_id, event_id])).hexdigest()[:32]


COLUMNS = (*_AS_THEY_ARE, *(f"reason_{part}s" for part in Reason.__struct_fields__))
"""Of the ``alerts`` table."""


def to_columns(alerts: Sequence[Alert]) -> dict[str, list[Any]]:
    """The columns of the ``alerts`` table, n values each."""
    columns: dict[str, list[Any]] = {name: [getattr(alert, name) for alert in alerts] for name in _AS_THEY_ARE}
    for part in Reason.__struct_fields__:
        columns[f"reason_{part}s"] = [[getattr(reason, part) for reason in alert.reasons] for alert in alerts]
    return columns


def from_columns(columns: Mapping[str, Sequence[Any]]) -> list[Alert]:
    """The alerts that :func:`to_columns` was given; numbers may come as numpy's."""
    if not columns:
        return []
    parts = [columns[f"reason_{part}s"] for part in Reason.__struct_fields__]
    reasons = [[Reason(*map(_plain, reason)) for reason in zip(*row, strict=True)] for row in zip(*parts, strict=True)]
    rows = zip(*(columns[name] for name in _AS_THEY_ARE), strict=True)
    plain = (dict(zip(_AS_THEY_ARE, map(_plain, row), strict=True)) for row in rows)
    return [Alert(**alert, reasons=why) for alert, why in zip(plain, reasons, strict=True)]


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's: JSON knows no other."""
    return value.item() if hasattr(value, "item") else value


def json_schema() -> dict[str, Any]:
    """What a record's value on the alert topics holds."""
    return msgspec.json.schema(Alert)
