"""The lines of a file of JSON lines, gzipped or not."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

from streams.errors import Invalid


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each line that isn't blank, with its number from 1 and without its line break."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            for number, line in enumerate(file, start=1):
                if text := line.rstrip(b"\r\n"):
                    yield number, text
    except (OSError, EOFError) as error:
        raise Invalid(f"{path} can't be read: {error}") from None
