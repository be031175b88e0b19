"""The segments that a shopper is in."""

from __future__ import annotations

import msgspec

from schemas.segments.definition import MOST
from streams.clickhouse.reader import Reader
from streams.segments.files import segments_of
from streams.settings import Settings

_IN = """
SELECT segment, at_ms, reason, held_out FROM segment_members FINAL
WHERE user_id = %(user_id)s AND inside ORDER BY at_ms DESC, segment LIMIT %(limit)s
"""


class Belongs(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    title: str
    since_ms: int
    """Event time."""
    reason: str
    """As it was then."""
    held_out: bool


def belongs(reader: Reader, settings: Settings, user_id: str) -> list[Belongs]:
    """As of the last look, the latest entered first."""
    titles = {name: segment.title for name, segment in segments_of(settings).items()}
    return [
        Belongs(name=name, title=titles.get(name, name), since_ms=since_ms, reason=reason, held_out=bool(held_out))
        for name, since_ms, reason, held_out in reader.query(_IN, {"user_id": user_id, "limit": MOST})
    ]
