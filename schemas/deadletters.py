"""A dead letter: a record that can't be used, kept whole with the reason, for people to read and to replay."""

from __future__ import annotations

import base64
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.events import Event

LARGEST_BYTES = 400_000
"""Of key and value: in base64, with the key once more beside it, they stay below the MiB that a message may have."""

_FIELDS = frozenset({"type", "key", *Event.__struct_fields__})


def field_of(reason: str) -> str:
    """The field that a reason of the decoder is about, ``JSON`` or ``other``: one of few, whatever came in a record.

    >>> field_of("price: Expected `int` >= 0"), field_of("type: Invalid value 'ann@example.com'")
    ('price', 'type')
    >>> field_of("JSON is malformed: invalid character (byte 0)"), field_of("ann@example.com: unknown")
    ('JSON', 'other')
    """
    field = reason.partition(":")[0]
    if field in _FIELDS:
        return field
    return "JSON" if reason.startswith(("JSON ", "Input data ", "Expected UTF-8", "Expected `object`")) else "other"


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """``reason`` names the field and what it should have been; it quotes nothing but an event's type."""

    topic: Annotated[str, Meta(description="The record's, without prefix; reviews.text for a text that wasn't scored")]
    partition: Annotated[int, Meta(description="The record's")]
    offset: Annotated[int, Meta(description="The record's")]
    record_ts: Annotated[int, Meta(description="The record's own time in Unix milliseconds")]
    reason: Annotated[str, Meta(description="Which field, and what it should have been")]
    key: Annotated[bytes, Meta(description="The record's, in base64")]
    value: Annotated[bytes, Meta(description="The record's, in base64; empty where it wouldn't fit into a message")]

    @property
    def letter_key(self) -> bytes:
        """That of its record on the ``dead-letters`` topic: where it was, which tells nothing of the shopper."""
        return f"{self.topic}-{self.partition}-{self.offset}".encode()

    def deliverable(self) -> DeadLetter:
        """The letter, or what fits into a message; the table has it whole."""
        n_bytes = len(self.key) + len(self.value)
        if n_bytes <= LARGEST_BYTES:
            return self
        reason = f"{self.reason} (a record of {n_bytes} bytes: it is in the table dead_letters only)"
        return msgspec.structs.replace(self, key=b"", value=b"", reason=reason)

    def to_json(self) -> bytes:
        """The form on the ``dead-letters`` topic: key and value in base64, since they may be any bytes."""
        return msgspec.json.encode(
            {
                "topic": self.topic,
                "partition": self.partition,
                "offset": self.offset,
                "record_ts": self.record_ts,
                "reason": self.reason,
                "key": base64.b64encode(self.key).decode(),
                "value": base64.b64encode(self.value).decode(),
            }
        )
