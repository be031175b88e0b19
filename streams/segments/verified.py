"""What was found where segments were held against the raw events and their changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class OfSegment:
    """``missing`` are those who should be members, ``strange`` those who shouldn't."""

    name: str
    members: int
    aside: int
    """Members, or such as should be, that the round may not have known all of: nothing is said of them."""
    missing: list[str]
    strange: list[str]

    @property
    def ok(self) -> bool:
        return not self.missing and not self.strange


@dataclass(frozen=True, kw_only=True)
class Verified:
    at_ms: int
    """Event time of the round; 0 where there is none yet."""
    segments: list[OfSegment]
    changes: int
    messages: int
    """On the topic, repeats among them."""
    is_whole: bool
    """Whether the topic still has all of them."""
    problems: list[str]
    """In words."""

    @property
    def ok(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "at_ms": self.at_ms,
            "segments": {
                one.name: {
                    "members": one.members,
                    "missing": len(one.missing),
                    "strange": len(one.strange),
                    "aside": one.aside,
                }
                for one in self.segments
            },
            "changes": self.changes,
            "messages": self.messages,
            "topic_is_whole": self.is_whole,
            "problems": self.problems,
        }
