"""What a demo is made of: where its events come from, at which pace, and what is told of them at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rich.console import RenderableType

from streams.replay.chunk import Chunk
from streams.settings import Settings


class Story(Protocol):
    """What there is to tell of a scenario, beside what is told of each."""

    @property
    def problems(self) -> Sequence[str]:
        """What is wrong, in words."""

    def to_dict(self) -> dict[str, Any]:
        """For the line of JSON."""

    def shown(self) -> Sequence[RenderableType]:
        """For a person: the first below the summary, and so on."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    title: str
    what: str
    """Is sent, in a few words."""
    settings: Settings
    """Of the workers, but for where they connect to."""
    chunks: Callable[[], Iterator[Chunk]]
    """All that is sent, from the first on; the same each time."""
    total: int
    """Records of ``chunks``."""
    fast_records: int
    """Of them are sent as fast as they go."""
    slow_s: float
    """Time that the others took where they happened."""
    tell: Callable[[Settings], Story]
    """Asks ClickHouse once all is done; blocks."""
    queries: Mapping[str, str]
    """To go on with, by their titles."""
