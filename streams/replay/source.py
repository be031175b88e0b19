"""What a data set has to offer to be replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from streams.errors import Invalid
from streams.replay.chunk import Chunk


@dataclass(frozen=True, kw_only=True)
class Source:
    """``read`` gives the events of a file in the order in which they are to be sent, always the same, ids included.

    It raises ``Invalid`` for a file that isn't what it should be.
    """

    name: str
    description: str
    citation: str
    read: Callable[[Path], Iterator[Chunk]]
    shipped: Path | None = None
    """The file that comes with the package, read where no other is given."""

    count: Callable[[Path], int] | None = None
    """The number of events in a file, where that can be told without reading all of it."""

    def events(self, path: Path | None = None) -> Iterator[Chunk]:
        """Raises ``Invalid`` where there is no such file, or none is given and none is shipped."""
        return self.read(self._file(path))

    def total(self, path: Path | None = None) -> int | None:
        """How many ``events`` there are, None where that isn't known. Raises as ``events`` does."""
        return self.count(self._file(path)) if self.count else None

    def _file(self, path: Path | None) -> Path:
        path = path or self.shipped
        if path is None:
            raise Invalid(f"{self.name} does not ship with footfall: give its file by --path ({self.citation})")
        if not path.is_file():
            raise Invalid(f"{path} is not a file")
        return path
