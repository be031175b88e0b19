"""A change of membership: the format on the topic ``segments.changes``, and its identity."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Change = Literal["enter", "leave"]


class SegmentChange(msgspec.Struct, frozen=True, kw_only=True):
    """A shopper entered a segment or left it. Of one shopper the changes come in order; drop repeats by
    ``change_id``."""

    change_id: Annotated[str, Meta(description="32 hexadecimal digits: drop repeats by it")]
    segment: Annotated[str, Meta(description="Its name")]
    user_id: Annotated[str, Meta(description="The shopper, who is the record's key, too")]
    number: Annotated[
        int, Meta(description="Of the changes of this shopper in this segment: the odd ones enter, the even ones leave")
    ]
    change: Annotated[Change, Meta(description="Whether the shopper came or went")]
    reason: Annotated[str, Meta(description="In words: how the shopper was at the time")]
    score: Annotated[float, Meta(description="The larger, the more the shopper belongs to the segment")]
    held_out: Annotated[
        bool,
        Meta(description="Leave this shopper alone: those held out tell what the others would have done by themselves"),
    ]
    at: Annotated[int, Meta(description="Event time in Unix milliseconds")]
    written_ms: Annotated[int, Meta(description="When it was found, by the clock, Unix milliseconds")]

    def to_json(self) -> bytes:
        """The form on the topic."""
        return msgspec.json.encode(self)


def change_id(segment: str, user_id: str, number: int) -> str:
    """32 hexadecimal digits that depend on the shopper, the segment and the number of the change alone.

    >>> change_id("loyal", "u1", 1)
    '1874134ff136131a63de5433ac166835'
    """
    return hashlib.sha256(f"{segment}\n{number}\n{user_id}".encode()).hexdigest()[:32]
