"""An alert: a score at or above its threshold, with the reasons, for ops and analysts to act on.

``alert_id`` depends on nothing but the event, so an alert that is sent again can be dropped, and an acknowledgement
finds its event. ``dedupe_key`` is what the alert is about: of alerts that share one only the first in a while is sent.
The others are rows of the ``alerts`` table all the same, with the id of the one that covers them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

Kind = Literal["fraud", "churn", "churn_long"]
"""What is predicted; ``churn_long`` is churn over another horizon."""

ALERTED: tuple[Kind, ...] = ("fraud", "churn")
"""The kinds of which there are alerts."""


class Reason(msgspec.Struct, frozen=True, gc=False):
    """One feature's part in a score."""

    feature: Annotated[str, Meta(description="Its name")]
    value: Annotated[float, Meta(description="As the model saw it: the logarithm, where the feature's name says so")]
    contribution: Annotated[float, Meta(description="To the log-odds of the score: above 0 it raised the score")]
    text: Annotated[str, Meta(description="For people: 3 orders in 1 h")]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """``score`` is the probability that the model ``version`` gave the event, at least ``threshold``."""

    alert_id: Annotated[
        str, Meta(description="32 hexadecimal digits that depend on the event alone: drop repeats by it")
    ]
    dedupe_key: Annotated[str, Meta(description="Alerts about the same have the same")]
    kind: Annotated[Kind, Meta(description="What is predicted: of churn_long there are no alerts")]
    user_id: Annotated[str, Meta(description="The shopper, who is the record's key, too")]
    event_id: Annotated[
        str, Meta(description="The event that was scored; of a sweep: since when the shopper is silent")
    ]
    topic: Annotated[str, Meta(description="The event's, without prefix; of a silent shopper: sweep")]
    partition: Annotated[int, Meta(description="The event's")]
    offset: Annotated[int, Meta(description="The event's")]
    ts: Annotated[int, Meta(description="Event time in Unix milliseconds")]
    score: Annotated[float, Meta(description="Probability, from 0 to 1")]
    threshold: Annotated[float, Meta(description="From which score on alerts went out")]
    version: Annotated[str, Meta(description="Of the model that scored")]
    order_id: Annotated[str, Meta(description="The purchase's; empty for none")] = ""
    amount: Annotated[float, Meta(description="The purchase's; 0 for none")] = 0.0
    reasons: Annotated[list[Reason], Meta(description="Strongest first")] = []
    base: Annotated[
        float, Meta(description="Log-odds that the contributions of all features, these among them, add to")
    ] = 0.0
    raised_ms: Annotated[int, Meta(description="When it was raised, by the clock, Unix milliseconds")]

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


def dedupe_key(kind: Kind, user_id: str, card: str = "") -> str:
    """32 hexadecimal digits that tell apart what alerts are about: the shopper, and of fraud the card, too, if known.

    >>> dedupe_key("churn", "u1", "4242") == dedupe_key("churn", "u1") != dedupe_key("fraud", "u1")
    True
    """
    about = [kind, user_id, card] if kind == "fraud" else [kind, user_id]
    return hashlib.sha256(msgspec.json.encode(about)).hexdigest()[:32]


COLUMNS = (*_AS_THEY_ARE, *(f"reason_{part}s" for part in Reason.__struct_fields__))
"""Of the ``alerts`` table, those that make up an alert."""


class Suppressed(NamedTuple):
    """An alert that isn't sent."""

    alert: Alert
    by: str
    """``alert_id`` of the one that was sent about the same shortly before or after it."""


def to_columns(sent: Sequence[Alert], suppressed: Sequence[Suppressed] = ()) -> dict[str, list[Any]]:
    """The columns of the ``alerts`` table, a value for each alert, those that were sent first."""
    alerts = [*sent, *(one.alert for one in suppressed)]
    columns: dict[str, list[Any]] = {name: [getattr(alert, name) for alert in alerts] for name in _AS_THEY_ARE}
    for part in Reason.__struct_fields__:
        columns[f"reason_{part}s"] = [[getattr(reason, part) for reason in alert.reasons] for alert in alerts]
    columns["suppressed_by"] = [*([""] * len(sent)), *(one.by for one in suppressed)]
    return columns


def from_columns(columns: Mapping[str, Sequence[Any]]) -> list[Alert]:
    """The alerts that :func:`to_columns` was given, whether sent or not; numbers may come as numpy's."""
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


SystemKind = Literal["drift.score", "drift.feature", "drift.loss", "text.lag", "alerts.unacked"]


class SystemAlert(msgspec.Struct, frozen=True, kw_only=True):
    """Something about Footfall itself that its operators should look at; it acts on none of it."""

    alert_id: Annotated[
        str, Meta(description="32 hexadecimal digits that depend on what was found: drop repeats by it")
    ]
    kind: Annotated[SystemKind, Meta(description="What was found")]
    model: Annotated[str, Meta(description="About which model; empty for none")]
    subject: Annotated[
        str,
        Meta(description="Of drift of features: which. Of the text workers' lag: a partition. Of alerts: their kind"),
    ] = ""
    day: Annotated[str, Meta(description="UTC, 2024-05-31: of drift by event time, of all else by the clock")]
    value: Annotated[float, Meta(description="What was found: an index, a loss, seconds of lag, minutes of waiting")]
    threshold: Annotated[float, Meta(description="From which value on it is told")]
    text: Annotated[str, Meta(description="For people")]
    raised_ms: Annotated[int, Meta(description="When it was raised, by the clock, Unix milliseconds")]

    def to_json(self) -> bytes:
        """The form on the topic ``alerts.system``."""
        return msgspec.json.encode(self)


SYSTEM_COLUMNS = SystemAlert.__struct_fields__
"""Of the ``system_alerts`` table."""


def system_alert_id(kind: SystemKind, model: str, subject: str, day: str) -> str:
    """32 hexadecimal digits that depend on what was found and of which day: told again, it is the same alert."""
    return hashlib.sha256(msgspec.json.encode([kind, model, subject, day])).hexdigest()[:32]


def json_schema() -> dict[str, Any]:
    """What a record's value on the alert topics holds."""
    return msgspec.json.schema(Alert)
