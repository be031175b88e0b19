"""Changes of membership as rows of a table or messages of a topic, and the members as they follow from them alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.ledger import Span
from schemas.segments.changes import SegmentChange, change_id
from schemas.topics import SEGMENT_CHANGES
from streams.audit.broker import connected
from streams.settings import Settings

COLUMNS = "change_id, segment, user_id, number, change, reason, score, held_out, at_ms, written_ms"

Key = tuple[str, str]
"""Segment and shopper."""


def changes_of(columns: Mapping[str, Any]) -> list[SegmentChange]:
    """Of rows with ``COLUMNS``."""
    if not columns:
        return []
    listed = {name: column if isinstance(column, list) else column.tolist() for name, column in columns.items()}
    listed["at"] = listed.pop("at_ms")
    listed["held_out"] = [bool(held_out) for held_out in listed["held_out"]]
    return [SegmentChange(**dict(zip(listed, row, strict=True))) for row in zip(*listed.values(), strict=True)]


@dataclass(frozen=True)
class Topic:
    changes: list[SegmentChange]
    """All that are on it, repeats among them; of one shopper in their order."""
    is_whole: bool
    """Whether nothing of it has been deleted: topics keep what they hold for a time."""


def on_topic(settings: Settings) -> Topic:
    """Blocks for as long as reading all of it takes. Raises ``Retryable`` where Kafka doesn't answer."""
    return asyncio.run(_read(settings))


async def _read(settings: Settings) -> Topic:
    decoder = msgspec.json.Decoder(SegmentChange)
    found: list[SegmentChange] = []
    async with connected(settings) as broker:
        logs = await broker.ends([SEGMENT_CHANGES])
        for pair, log in logs.items():
            async for records in broker.records(pair, Span(log.first, log.last - 1)):
                # Those without a value stand in the place of who was erased.
                found += [decoder.decode(one.value) for one in records if one.value is not None]
    return Topic(found, all(log.first == 0 for log in logs.values()))


@dataclass
class Replayed:
    """What a consumer has who drops repeats by ``change_id``."""

    known: dict[str, SegmentChange] = field(default_factory=dict)
    """By ``change_id``, as it came first."""
    latest: dict[Key, SegmentChange] = field(default_factory=dict)
    contradictions: int = 0
    """Repeats that say something else than what came first."""
    leaps: int = 0
    """Changes that don't follow the shopper's one before: in number, in time, or in whether they enter or leave."""

    def members(self) -> set[Key]:
        return {key for key, change in self.latest.items() if change.change == "enter"}


def replayed(changes: Iterable[SegmentChange]) -> Replayed:
    found = Replayed()
    for change in changes:
        known = found.known.setdefault(change.change_id, change)
        if known is not change:
            found.contradictions += known != change
            continue
        key = change.segment, change.user_id
        before = found.latest.get(key)
        found.leaps += not _follows(before, change)
        found.latest[key] = change
    return found


def _follows(before: SegmentChange | None, change: SegmentChange) -> bool:
    number, at_ms = (before.number, before.at) if before else (0, 0)
    return (
        change.number == number + 1
        and change.at > at_ms
        and change.change == ("enter" if change.number % 2 else "leave")
        and change.change_id == change_id(change.segment, change.user_id, change.number)
    )
