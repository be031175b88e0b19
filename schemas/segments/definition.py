"""A segment as its file defines it.

A file has a header and four sections, each an SQL expression over the columns of ``shoppers_now``::

    -- title: Cart abandoners
    -- description: Left something in the cart, an hour to two days ago.
    -- owner: crm
    -- enters:
    cart_left >= 20 AND hours_since_last BETWEEN 1 AND 48
    -- stays:
    cart_left >= 10 AND hours_since_last BETWEEN 0.5 AND 72
    -- score:
    cart_left
    -- reason:
    printf('cart of %.2f left %.0f h ago', cart_left, hours_since_last)

``enters`` makes a member, and a member leaves once ``stays``, the weaker condition, is false as well: between the two
nothing changes, so that nobody who hovers about a threshold comes and goes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

MOST = 64
"""Segments: whoever is in which is a word of bits."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MARK = re.compile(r"--\s*(?P<part>title|description|owner|enters|stays|score|reason):(?P<rest>.*)")
_WORDS = ("title", "description", "owner")
_EXPRESSIONS = ("enters", "stays", "score", "reason")


@dataclass(frozen=True, kw_only=True)
class Segment:
    """The last four are SQL expressions over ``shoppers_now``."""

    name: str
    title: str
    description: str
    owner: str
    enters: str
    stays: str
    score: str
    """A number: the larger, the more the shopper belongs to it."""
    reason: str
    """A text: why this shopper belongs to it."""

    @property
    def view(self) -> str:
        return f"segment_{self.name}"

    def belongs(self, is_member: str) -> str:
        """SQL over ``shoppers_now``: whether a shopper belongs to it, who was a member before or wasn't."""
        return f"({enclosed(self.enters)} OR ({is_member} AND {enclosed(self.stays)}))"


def enclosed(sql: str) -> str:
    """An expression of a file as a part of a larger one; it may end in a comment."""
    return f"({sql}\n)"


def parse(name: str, text: str) -> Segment:
    """Raises ``ValueError``, which names the file, for what isn't a segment."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name}.sql isn't named like a segment: small letters, digits and _, a letter first")
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        mark = _MARK.fullmatch(line.strip())
        if mark is None:
            current.append(line)
            continue
        if mark["part"] in parts:
            raise ValueError(f"{name}.sql has two parts named {mark['part']}")
        current = parts[mark["part"]] = [mark["rest"]]
    found = {part: _told(lines) if part in _WORDS else "\n".join(lines).strip() for part, lines in parts.items()}
    missing = [part for part in (*_WORDS, *_EXPRESSIONS) if not found.get(part)]
    if missing:
        raise ValueError(f"{name}.sql lacks -- {missing[0]}:")
    return Segment(name=name, **found)


def load(folder: Traversable | None = None) -> Mapping[str, Segment]:
    """The segments of a folder by name, in the order of the names; without one those that come with Footfall.

    Raises ``ValueError`` as :func:`parse` does, and ``OSError`` where there is no folder.
    """
    found = sorted((folder or files(__package__)).iterdir(), key=lambda file: file.name)
    segments = [
        parse(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for file in found
        if file.name.endswith(".sql")
    ]
    if len(segments) > MOST:
        raise ValueError(f"There are {len(segments)} segments; {MOST} are the most")
    return {segment.name: segment for segment in segments}


def _told(lines: list[str]) -> str:
    """Words, which may go on in further lines of comment."""
    return " ".join(line.strip().removeprefix("--").strip() for line in lines).strip()
