"""Pseudonyms in the place of people's identifiers, column by column."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from schemas.batch import EventBatch
from schemas.identifiers import IDENTIFIERS, is_pseudonym, pseudonym
from schemas.texts import Texts

REMEMBERED = 200_000
"""Values of a kind whose pseudonyms are kept, some 200 bytes each: to compute one takes 2 µs, to look it up 0.1."""


class Pseudonyms:
    """Under one key. Not thread-safe.

    Parameters
    ----------
    remembered
        Values of each kind, at most; beyond that those that came first are forgotten.
    """

    def __init__(self, key: bytes, *, remembered: int = REMEMBERED) -> None:
        self._key = key
        self._remembered = remembered
        self._known: dict[str, dict[str, str]] = {kind: {} for kind in IDENTIFIERS.values()}

    def of(self, kind: str, value: str) -> str:
        """Of one value; a pseudonym's is itself, so that either may be given."""
        return value if is_pseudonym(value) else self._of(kind, value)

    def events(self, events: EventBatch, *, ours: bool = False) -> EventBatch:
        """The events with pseudonyms for identifiers. ``ours`` tells that they were written by Footfall, and so may
        have them already."""
        columns: dict[str, Any] = {
            name: self._column(kind, column, ours=ours)
            for name, kind in IDENTIFIERS.items()
            if (column := getattr(events, name)).size.any()
        }
        return replace(events, **columns)

    def _column(self, kind: str, column: Texts, *, ours: bool) -> Texts:
        values, code = column.distinct()
        known = self._known[kind]
        name = self.of if ours else self._of
        found = Texts.of([known.get(value) or name(kind, value) for value in values])
        return found.take(code.astype(np.intp))

    def _of(self, kind: str, value: str) -> str:
        known = self._known[kind]
        found = known.get(value)
        if found is None:
            found = pseudonym(self._key, kind, value)
            if len(known) >= self._remembered:
                for oldest in list(islice(known, self._remembered // 2)):
                    del known[oldest]
            known[value] = found
        return found
