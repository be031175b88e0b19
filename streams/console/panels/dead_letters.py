"""What couldn't be used, by topic and reason. The reason alone: what the records hold is somebody's."""

from __future__ import annotations

import msgspec

from streams.clickhouse.reader import Reader
from streams.console.panels.panel import NoParams, Panel
from streams.dead_letters import Group, Selection, groups
from streams.settings import Settings

REASONS = 8

_ALL = "SELECT count(), countIf(replayed_ms > 0) FROM dead_letters FINAL"


class DeadLetters(msgspec.Struct, frozen=True, kw_only=True):
    letters: int
    replayed: int
    groups: list[Group]
    """The most frequent first."""


def dead_letters(reader: Reader, _: Settings, __: NoParams) -> DeadLetters:
    ((letters, replayed),) = reader.query(_ALL)
    return DeadLetters(letters=letters, replayed=replayed, groups=groups(reader, Selection(), limit=REASONS))


PANEL = Panel(dead_letters, fresh_s=5.0)
