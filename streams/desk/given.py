"""What people give the desk, before anything is asked or done with it."""

from __future__ import annotations

from collections.abc import Iterable

from streams.errors import Invalid

LONGEST = 256
"""Characters of an id or a name; events allow no longer ones."""


def text(what: str, given: str) -> str:
    """As it came. Raises ``Invalid`` where it is empty, too long, or came from bytes that aren't UTF-8."""
    if not given or len(given) > LONGEST:
        raise Invalid(f"{what} must have 1 to {LONGEST} characters")
    if any("\ud800" <= character <= "\udfff" for character in given):
        raise Invalid(f"{what} {given!a} is not UTF-8")
    return given


def ids(given: Iterable[str]) -> list[str]:
    """Each once, in the order in which they came. Raises ``Invalid`` for none, and as :func:`text`."""
    found = list(dict.fromkeys(text("An alert's id", one) for one in given))
    if not found:
        raise Invalid("No alert's id was given")
    return found
