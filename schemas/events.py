"""The events that producers send: JSON, one event a record, keyed by ``user_id``.

Each type of event is a msgspec struct, told apart by its ``type``. Fields that a type needs are required there; every
other field may accompany any event and is validated all the same. Unknown fields are ignored: producers may add some.

Absent text is ``""`` and an absent number ``0``, in the struct as in the tables: no column is nullable.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from schemas.topics import CARTS, CLICKS, LABELS, REVIEWS, REVIEWS_SCORED

MIN_TS_MS = 946_684_800_000
"""2000-01-01: an earlier event time is a clock in seconds, or none at all."""

MAX_TS_MS = 4_102_444_800_000
"""2100-01-01: a later event time is a clock in microseconds, whatever the record's own time says."""

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Name = Annotated[str, Meta(max_length=256)]
Text = Annotated[str, Meta(max_length=32_768)]
EventTime = Annotated[int, Meta(ge=MIN_TS_MS, le=MAX_TS_MS, description="Event time in Unix milliseconds")]
Money = Annotated[float, Meta(ge=0, le=1e9)]
Quantity = Annotated[float, Meta(gt=0, le=1e6)]
Stars = Annotated[float, Meta(ge=1, le=5)]
Sentiment = Annotated[float, Meta(ge=-1, le=1, description="Probability of positive less that of negative")]
CountryCode = Annotated[str, Meta(max_length=64)]


class Event(msgspec.Struct, kw_only=True, gc=False):
    """What every event may carry. ``event_id`` is the producer's idempotency key within a shopper and a topic."""

    code: ClassVar[int] = 0

    event_id: Id
    user_id: Id
    ts: EventTime

    item: Name = ""
    category: Name = ""
    brand: Name = ""
    price: Money = 0.0
    quantity: Quantity = 1.0
    currency: Name = ""
    query: Text = ""
    session: Name = ""
    order_id: Name = ""
    amount: Money = 0.0
    method: Name = ""
    card: Name = ""
    ip: Name = ""
    device: Name = ""
    country: CountryCode = ""
    merchant: Name = ""
    rating: Annotated[float, Meta(ge=0, le=5)] = 0.0
    sentiment: Sentiment = 0.0
    text: Text = ""
    target: Name = ""
    verdict: Name = ""


class View(Event, tag_field="type", tag="view"):
    """A shopper looked at an item's page."""

    code = 1
    item: Id


class Click(Event, tag_field="type", tag="click"):
    """A shopper followed a link, a banner or a recommendation."""

    code = 2


class Search(Event, tag_field="type", tag="search"):
    """A shopper searched the shop."""

    code = 3
    query: Annotated[str, Meta(min_length=1, max_length=32_768)]


class CartAdd(Event, tag_field="type", tag="cart_add"):
    """``quantity`` units of an item went into the cart, at ``price`` each."""

    code = 4
    item: Id


class CartRemove(Event, tag_field="type", tag="cart_remove"):
    """``quantity`` units of an item left the cart, at ``price`` each."""

    code = 5
    item: Id


class Checkout(Event, tag_field="type", tag="checkout"):
    """A shopper began to pay."""

    code = 6


class Purchase(Event, tag_field="type", tag="purchase"):
    """An order was paid: ``amount`` in all, for ``quantity`` units, which leave the cart."""

    code = 7
    order_id: Id
    amount: Money


class Return(Event, tag_field="type", tag="return"):
    """``quantity`` units of an order came back, and ``amount`` was refunded."""

    code = 8
    order_id: Id
    amount: Money


class Review(Event, tag_field="type", tag="review"):
    """A shopper wrote about an item."""

    code = 9
    item: Id
    rating: Stars
    text: Text


class ReviewScored(Event, tag_field="type", tag="review_scored"):
    """What a text worker found in a review: the review's own ``event_id``, ``ts`` and ``item``, without its text."""

    code = 10
    item: Id
    sentiment: Sentiment


class NoReview(Event, tag_field="type", tag="(none)"):
    """No event: no ``ts`` is right. It makes two types of a topic's one, where msgspec doesn't ask for ``type``."""

    ts: Annotated[int, Meta(ge=MAX_TS_MS, le=MIN_TS_MS)]


class FraudLabel(Event, tag_field="type", tag="fraud_label"):
    """The truth about a purchase: ``target`` is its ``event_id``."""

    code = 20
    target: Id
    verdict: Annotated[str, Meta(pattern="^(fraud|ok)$")]


class AlertAck(Event, tag_field="type", tag="alert_ack"):
    """An analyst's verdict on an alert: ``target`` is its ``alert_id``."""

    code = 21
    target: Id
    verdict: Annotated[str, Meta(pattern="^(fraud|ok|ignore)$")]


class ChurnLabel(Event, tag_field="type", tag="churn_label"):
    """A verdict on a shopper's churn from outside, as of ``target``, the ``event_id`` that was scored."""

    code = 22
    target: Id
    verdict: Annotated[str, Meta(pattern="^(churned|active)$")]


def review_id(user_id: str, event_id: str) -> str:
    """32 hexadecimal digits that tell a review apart: the key of its record on ``reviews.scored``.

    >>> review_id("u1", "e1")
    '8efc74f7b719a634c1903e6d8c73bbb0'
    """
    return hashlib.sha256(msgspec.json.encode([REVIEWS_SCORED, user_id, event_id])).hexdigest()[:32]


CLICK_EVENTS = View | Click | Search
CART_EVENTS = CartAdd | CartRemove | Checkout | Purchase | Return
REVIEW_EVENTS = Review | NoReview
SCORED_REVIEW_EVENTS = ReviewScored | NoReview
LABEL_EVENTS = FraudLabel | AlertAck | ChurnLabel

EVENTS_OF_TOPIC = {
    CLICKS: CLICK_EVENTS,
    CARTS: CART_EVENTS,
    REVIEWS: REVIEW_EVENTS,
    REVIEWS_SCORED: SCORED_REVIEW_EVENTS,
    LABELS: LABEL_EVENTS,
}

EVENT_TYPES: dict[str, int] = {
    cls.__struct_config__.tag: cls.code  # type: ignore[misc]
    for cls in (
        View,
        Click,
        Search,
        CartAdd,
        CartRemove,
        Checkout,
        Purchase,
        Return,
        Review,
        ReviewScored,
        FraudLabel,
        AlertAck,
        ChurnLabel,
    )
}
"""Event type by name; the codes are those of the tables' ``Enum8``."""
