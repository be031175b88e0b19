"""Who enters and who leaves: all segments by one scan of the shoppers, inside ClickHouse."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.segments.definition import Segment, enclosed
from schemas.segments.shoppers import SHOPPERS, shoppers_sql
from schemas.segments.views import held_out

REMOVED = "the segment was removed"
"""Why the members of a segment leave that no file defines any more."""

CHANGE_ID = "substring(lower(hex(SHA256(concat(segment, '\\n', toString(number), '\\n', user_id)))), 1, 32)"
"""``schemas.segments.changes.change_id`` in SQL."""


def count_sql(segments: Sequence[Segment]) -> str:
    """A SELECT of one row: how many are in each of the segments now, columns in their order."""
    counts = (f"countIf({segment.belongs(_inside(bit))}) AS {segment.name}" for bit, segment in enumerate(segments))
    return f"SELECT {', '.join(counts)} FROM ({_with_members(segments, SHOPPERS)})"  # noqa: S608 - own names


def moves_sql(segments: Sequence[Segment], *, now: str, holdout: float) -> str:
    """A SELECT of the changes since the last round: ``segment``, ``user_id``, ``number``, ``change``, ``reason``,
    ``score``, ``held_out`` and ``change_id``. ``now`` is as for ``shoppers_sql``.

    Reasons are put into words only for those who move. All members of any other segment than these leave.
    """
    judged = (
        f"multiIf({segment.belongs(_inside(bit))} = {_inside(bit)}, '', {_inside(bit)}, 'leave', 'enter') AS move_{bit}"
        for bit, segment in enumerate(segments)
    )
    moved = (
        f"('{segment.name}', move_{bit}, {enclosed(segment.reason)}, toFloat64{enclosed(segment.score)}, "
        f"{held_out(segment.name, holdout)})"
        for bit, segment in enumerate(segments)
    )
    moves = " OR ".join(f"move_{bit} != ''" for bit in range(len(segments)))
    return f"""
SELECT moving.segment AS segment, moving.user_id AS user_id, toUInt32(known.number + 1) AS number,
    moving.change AS change, moving.reason AS reason, moving.score AS score, moving.held_out AS held_out,
    {CHANGE_ID} AS change_id
FROM (
    SELECT user_id, move.1 AS segment, move.2 AS change, move.3 AS reason, move.4 AS score, move.5 AS held_out
    FROM (
        SELECT user_id, arrayJoin(arrayFilter(one -> one.2 != '', [{", ".join(moved)}])) AS move
        FROM (SELECT *, {", ".join(judged)} FROM ({_with_members(segments, f"({shoppers_sql(now)})")}))
        WHERE {moves}
    )
    UNION ALL
    SELECT user_id, toString(segment), 'leave', '{REMOVED}', toFloat64(0), held_out
    FROM segment_members FINAL WHERE inside AND segment NOT IN ({_names(segments)})
) AS moving
LEFT ANY JOIN (SELECT segment, user_id, number FROM segment_members FINAL) AS known
ON moving.segment = known.segment AND moving.user_id = known.user_id
"""  # noqa: S608 - own names


def _inside(bit: int) -> str:
    return f"bitTest(inside, {bit})"


def _with_members(segments: Sequence[Segment], shoppers: str) -> str:
    """The shoppers with ``inside``: bit n is set for a member of the nth segment."""
    names = _names(segments)
    return f"""
SELECT shoppers.*, members.bits AS inside
FROM {shoppers} AS shoppers
LEFT ANY JOIN (
    SELECT user_id, groupBitOr(bitShiftLeft(toUInt64(1), indexOf([{names}], toString(segment)) - 1)) AS bits
    FROM segment_members FINAL WHERE inside AND segment IN ({names}) GROUP BY user_id
) AS members ON shoppers.user_id = members.user_id
"""  # noqa: S608 - own names


def _names(segments: Sequence[Segment]) -> str:
    return ", ".join(f"'{segment.name}'" for segment in segments)
