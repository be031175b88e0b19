"""Rounds of the leader, and what they left."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from schemas.topics import SEGMENT_CHANGES
from streams.clickhouse.reader import Reader
from streams.leader.segments import SegmentRounds
from streams.settings import Settings
from tests.streams.worker.on_topic import messages


def look(duty: SegmentRounds) -> None:
    """Does all that is due."""
    while duty.run():
        pass


def members(reader: Reader) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for segment, user in reader.query("SELECT segment, user_id FROM segment_members FINAL WHERE inside"):
        found.setdefault(segment, set()).add(user)
    return found


def by_changes(reader: Reader) -> dict[str, set[str]]:
    """The members as they follow from the table of changes."""
    found: dict[str, set[str]] = {}
    latest = "SELECT segment, user_id FROM segment_changes GROUP BY ALL HAVING argMax(change, number) = 'enter'"
    for segment, user in reader.query(latest):
        found.setdefault(segment, set()).add(user)
    return found


def told(settings: Settings) -> list[dict[str, Any]]:
    """All messages of the topic, repeats among them."""
    return [json.loads(value) for _, value in messages(settings, SEGMENT_CHANGES)]


def replayed(changes: Iterable[dict[str, Any]]) -> dict[str, set[str]]:
    """The members by the changes alone, as a consumer would have them who drops repeats by id."""
    seen: set[str] = set()
    found: dict[str, set[str]] = {}
    for change in changes:
        if change["change_id"] in seen:
            continue
        seen.add(change["change_id"])
        inside = found.setdefault(change["segment"], set())
        if change["change"] == "enter":
            assert change["user_id"] not in inside
            inside.add(change["user_id"])
        else:
            inside.remove(change["user_id"])
    return {segment: users for segment, users in found.items() if users}
