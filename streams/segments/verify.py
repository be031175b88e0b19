"""Whether the segments are what the raw events make of them, and what was told of them gives the members.

All of it is as of the leader's last round that is done; workers may go on meanwhile. Shoppers of whom the round may
not have known all that is in the tables by now are left aside.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

from schemas.segments.definition import Segment, enclosed
from schemas.segments.raw import raw_shoppers_sql
from streams.audit.expired import check_all_kept
from streams.clickhouse.reader import Reader
from streams.segments.changes import COLUMNS, Key, Replayed, changes_of, on_topic, replayed
from streams.segments.files import segments_of
from streams.segments.rounds import last_done
from streams.segments.verified import OfSegment, Verified
from streams.settings import Settings

NAMED = 5
"""Shoppers that a problem names, at most."""

_UNKNOWN = "nothing is known any more, so segments can't be held against them"

_ROUNDS = "SELECT DISTINCT at_ms FROM segment_rounds WHERE at_ms <= %(at_ms)s"

_MEMBERS = "SELECT segment, user_id, number, inside, at_ms FROM segment_members FINAL"

_CHANGES = f"SELECT {COLUMNS} FROM segment_changes FINAL ORDER BY segment, user_id, number"  # noqa: S608 - a constant

_UNSEEN = """
WITH (SELECT seen FROM segment_rounds FINAL WHERE at_ms = %(at_ms)s) AS seen
SELECT DISTINCT user_id FROM (
    SELECT user_id, topic, partition, offset FROM events
    UNION ALL SELECT user_id, topic, partition, offset FROM scored_reviews
    UNION ALL SELECT user_id, topic, partition, offset FROM labels
    UNION ALL SELECT user_id, 'sweep', partition, as_of_ms FROM shopper_scores FINAL WHERE as_of_ms %% 86400000 = 0
)
WHERE offset > if(mapContains(seen, concat(topic, '/', toString(partition)) AS log), seen[log], -1)
"""
"""Whoever has anything that the profiles need not have held when the round looked."""


class _Members(NamedTuple):
    """As of a round. Keys are a segment and a shopper."""

    at_ms: int
    table: Replayed
    """Of the rows of ``segment_changes``."""
    before: set[Key]
    """The members before the round, by their changes."""
    number: dict[Key, int]
    """Of the latest change, by ``segment_members``."""
    inside: set[Key]
    """The members by ``segment_members``."""
    overtaken: set[Key]
    """Whose row is of a round that isn't done."""
    unseen: set[str]
    """Shoppers of whom the round may not have known all."""


def verify(settings: Settings, segments: Sequence[Segment]) -> Verified:
    """Reads all events, a time for each of ``segments``, and all changes: blocks for as long.

    Raises ``Retryable`` where Kafka doesn't answer, ``Fatal`` where ClickHouse doesn't, or events have expired.
    """
    with closing(Reader(settings)) as reader:
        check_all_kept(reader, _UNKNOWN)
        at_ms = last_done(reader).at_ms
        rounds = {one for (one,) in reader.query(_ROUNDS, {"at_ms": at_ms})}
        members = _members(reader, at_ms, rounds)
        found = [_of_segment(reader, segment, members) for segment in (segments if at_ms else ())]
    topic = on_topic(settings)
    said = replayed(change for change in topic.changes if change.at in rounds)
    problems = [
        *(problem for one in found for problem in _of_members(one)),
        *_of_table(members, segments_of(settings)),
        *_of_topic(members.table, said, topic.is_whole),
    ]
    return Verified(
        at_ms=at_ms,
        segments=found,
        changes=len(members.table.known),
        messages=len(topic.changes),
        is_whole=topic.is_whole,
        problems=problems,
    )


def _members(reader: Reader, at_ms: int, rounds: set[int]) -> _Members:
    rows = {(segment, user): row for segment, user, *row in reader.query(_MEMBERS)}
    changes = [change for change in changes_of(reader.columns(_CHANGES)) if change.at in rounds]
    return _Members(
        at_ms=at_ms,
        table=replayed(changes),
        before=replayed(change for change in changes if change.at < at_ms).members(),
        number={key: number for key, (number, *_) in rows.items()},
        inside={key for key, (_, inside, _) in rows.items() if inside},
        overtaken={key for key, (*_, since_ms) in rows.items() if since_ms not in rounds},
        unseen={user for (user,) in reader.query(_UNSEEN, {"at_ms": at_ms})} if at_ms else set(),
    )


def _of_segment(reader: Reader, segment: Segment, members: _Members) -> OfSegment:
    rows = reader.columns(
        f"SELECT user_id, toUInt8({enclosed(segment.enters)}) AS enters"  # noqa: S608 - own names
        f" FROM ({raw_shoppers_sql(members.at_ms)}) WHERE {enclosed(segment.enters)} OR {enclosed(segment.stays)}"
    )
    stays, enters = rows.get("user_id", []), rows.get("enters", [])
    was, inside = _of(members.before, segment.name), _of(members.inside, segment.name)
    expected = {user for user, enters_now in zip(stays, enters, strict=True) if enters_now or user in was}
    aside = (members.unseen | _of(members.overtaken, segment.name)) & (expected | inside)
    return OfSegment(
        name=segment.name,
        members=len(inside),
        aside=len(aside),
        missing=sorted(expected - inside - aside),
        strange=sorted(inside - expected - aside),
    )


def _of(keys: Iterable[Key], segment: str) -> set[str]:
    return {user for of, user in keys if of == segment}


def _of_members(one: OfSegment) -> Iterator[str]:
    for users, are in ((one.missing, "aren't in it, but should be"), (one.strange, "are in it, but shouldn't be")):
        if users:
            named = ", ".join(users[:NAMED]) + (", ..." if len(users) > NAMED else "")
            yield f"{one.name}: {len(users):,} {are} by the events: {named}"


def _of_table(members: _Members, defined: Container[str]) -> Iterator[str]:
    table, inside = members.table, members.inside
    if table.leaps:
        yield f"segment_changes: {table.leaps:,} don't follow the shopper's change before"
    numbers = {key: change.number for key, change in table.latest.items()}
    wrong = {key for key in members.number.keys() | numbers.keys() if members.number.get(key) != numbers.get(key)}
    wrong = (wrong | (inside ^ table.members())) - members.overtaken
    if wrong:
        yield f"segment_members: {len(wrong):,} aren't as segment_changes has them"
    removed = sorted({segment for segment, _ in inside if segment not in defined})
    if removed:
        yield f"segment_members: there are members of {', '.join(removed)}, which no file defines"


def _of_topic(table: Replayed, said: Replayed, is_whole: bool) -> Iterator[str]:
    if said.contradictions:
        yield f"segments.changes: {said.contradictions:,} repeats say something else than what came first"
    strange = said.known.keys() - table.known.keys()
    if strange:
        yield f"segments.changes: {len(strange):,} changes that segment_changes doesn't have"
    different = sum(change != table.known.get(name, change) for name, change in said.known.items())
    if different:
        yield f"segments.changes: {different:,} changes say something else than segment_changes"
    if not is_whole:
        return
    if said.leaps:
        yield f"segments.changes: {said.leaps:,} don't follow the shopper's change before"
    untold = table.known.keys() - said.known.keys()
    if untold:
        yield f"segments.changes: {len(untold):,} changes of segment_changes aren't told"
    if said.members() != table.members():
        yield "segments.changes: replayed, it doesn't give the members"
