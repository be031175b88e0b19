"""The views that follow from the segments' files: names and SELECTs, each after those that it reads."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.event_clock import CLOCK_SQL
from schemas.segments.definition import Segment, enclosed
from schemas.segments.shoppers import CLOCK, SHOPPERS, shoppers_sql

_HASHED = 10_000
"""Parts that shoppers are split into by their hash, of which some are held out."""

_CLOCK = f"""
SELECT max(now_ms) AS now_ms FROM ({CLOCK_SQL} UNION ALL SELECT max(at_ms) FROM segment_rounds)
"""  # noqa: S608 - constants
"""Not before the leader's last round: a partition that was asleep takes the clock back as it wakes, but nobody's
membership."""


def views(segments: Iterable[Segment], *, holdout: float) -> dict[str, str]:
    """By name, with a share ``holdout`` of each segment held out."""
    found = {CLOCK: _CLOCK, SHOPPERS: shoppers_sql()}
    return found | {segment.view: _view(segment, holdout) for segment in segments}


def held_out(segment: str, holdout: float) -> str:
    """SQL over ``user_id``: 1 for those who are held out of ``segment``, the same ones always. The share may grow or
    shrink without a swap: whoever is held out at a smaller share is so at a larger one."""
    return f"toUInt8(sipHash64('{segment}', user_id) % {_HASHED} < {round(holdout * _HASHED)})"


def _view(segment: Segment, holdout: float) -> str:
    """Who is in it now: members that stay, and those who would enter."""
    members = f"SELECT user_id FROM segment_members FINAL WHERE segment = '{segment.name}' AND inside"  # noqa: S608
    return f"""
SELECT
    user_id,
    {enclosed(segment.reason)} AS reason,
    toFloat64{enclosed(segment.score)} AS score,
    {held_out(segment.name, holdout)} AS held_out,
    is_member,
    last_ms,
    now_ms AS at_ms
FROM (SELECT *, user_id IN ({members}) AS is_member FROM {SHOPPERS})
WHERE {segment.belongs("is_member")}
"""  # noqa: S608 - own names
