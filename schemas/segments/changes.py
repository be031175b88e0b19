"""A change of membership: the format on the topic ``segments.changes``, and its identity."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

Change = Literal["enter", "leave"]


class SegmentChange(msgspec.Struct, frozen=True, kw_only=True):
    """A shopper entered a segment or left it. Of one shopper the changes come in order; drop repeats by
    ``change_id``."""

    change_id: str
    segment: str
    user_id: str
    number: int
    """Of the changes of this shopper in this segment: the odd ones enter, the even ones leave."""
    change: Change
    reason: str
    """In words: how the shopper was at the time."""
    score: float
    """The larger, the more the shopper belongs to the segment."""
    held_out: bool
    """Leave this shopper alone: those who are held out tell what the others would have done by themselves."""
    at: int
    """Event time in Unix milliseconds."""
    written_ms: int
    """When it was found, Unix milliseconds."""

    def to_json(self) -> bytes:
        """The form on the topic."""
        return msgspec.json.encode(self)


def change_id(segment: str, user_id: str, number: int) -> str:
    """32 hexadecimal digits that depend on the shopper, the segment and the number of the change alone.

    >>> change_id("loyal", "u1", 1)
    '1874134ff136131a63de5433ac166835'
    """
    return hashlib.sha256(f"{segment}\n{number}\n{user_id}".encode()).hexdigest()[:32]
