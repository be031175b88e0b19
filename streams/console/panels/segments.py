"""How many shoppers are in each segment, and were at the end of each day before."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import msgspec

from schemas.segments.definition import Segment
from streams.clickhouse.reader import Reader
from streams.console.panels.panel import NoParams, Panel
from streams.segments.count import Members, members
from streams.segments.files import segments_of
from streams.settings import Settings

DAY_MS = 86_400_000
DAYS = 30

_LOOKED = "SELECT max(at_ms) FROM segment_rounds"

# A change is one by its number, so one that was written twice counts once, without FINAL.
_CHANGES = f"""
SELECT segment, intDiv(at_ms, {DAY_MS}) AS day,
    uniqExactIf((user_id, number), change = 'enter'), uniqExactIf((user_id, number), change = 'leave')
FROM segment_changes WHERE at_ms >= %(from_ms)s GROUP BY segment, day ORDER BY segment, day LIMIT 5000
"""  # noqa: S608 - a constant


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    title: str
    description: str
    owner: str
    members: int
    held_out: int
    entered: int
    """Today, in event time."""
    left: int
    by_day: list[int]
    """Members at the end of each of the last ``DAYS``, the last one as of now."""


class Segments(msgspec.Struct, frozen=True, kw_only=True):
    looked_ms: int
    """Event time of the last look at who belongs to which, 0 before the first."""
    segments: list[Trend]


def segments(reader: Reader, settings: Settings, _: NoParams) -> Segments:
    looked_ms = int(reader.query(_LOOKED)[0][0])
    today = looked_ms // DAY_MS
    now = members(reader)
    moved: dict[str, dict[int, tuple[int, int]]] = {}
    for segment, day, entered, left in reader.query(_CHANGES, {"from_ms": (today - DAYS + 1) * DAY_MS}):
        moved.setdefault(segment, {})[day] = entered, left
    return Segments(
        looked_ms=looked_ms,
        segments=[
            _trend(segment, now.get(segment.name, Members(0, 0)), moved.get(segment.name, {}), today)
            for segment in segments_of(settings).values()
        ],
    )


def _trend(segment: Segment, now: Members, moved: Mapping[int, tuple[int, int]], today: int) -> Trend:
    entered, left = moved.get(today, (0, 0))
    # Backwards from now: whoever came on a day wasn't there at the end of the day before.
    changes = (moved.get(today - ago, (0, 0)) for ago in range(DAYS - 1))
    by_day = accumulate((left - entered for entered, left in changes), initial=now.members)
    return Trend(
        name=segment.name,
        title=segment.title,
        description=segment.description,
        owner=segment.owner,
        members=now.members,
        held_out=now.held_out,
        entered=entered,
        left=left,
        by_day=list(by_day)[::-1],
    )


PANEL = Panel(segments, fresh_s=5.0)
