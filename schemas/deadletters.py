"""A dead letter: a record that can't be used, kept whole with the reason, for people to read and to replay."""

from __future__ import annotations

import base64

import msgspec

LARGEST_BYTES = 400_000
"""Of key and value: in base64, with the key once more beside it, they stay below the MiB that a message may have."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """``reason`` names the field and what it should have been; it quotes nothing but an event's type."""

    topic: str
    partition: int
    offset: int
    record_ts: int
    """The record's own time in Unix milliseconds."""
    reason: str
    key: bytes
    value: bytes

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
