"""A dead letter: a record that can't be used, kept whole with the reason, for people to read and to replay."""

from __future__ import annotations

import base64

import msgspec


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
