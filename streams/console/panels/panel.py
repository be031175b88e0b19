"""What a panel is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from streams.clickhouse.reader import Reader
from streams.settings import Settings


class NoParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a panel that is always the same."""


class Panel(NamedTuple):
    """Part of the page.

    Parameters
    ----------
    read
        Blocks; of the parameters makes a struct that goes to the page as JSON. However much there is in the tables, it
        gives a bounded number of rows.
    fresh_s
        How long an answer holds.
    """

    read: Callable[[Reader, Settings, Any], msgspec.Struct]
    params: type[msgspec.Struct] = NoParams
    fresh_s: float = 1.0
