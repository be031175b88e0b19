"""What each reader of a log does with a run before anything else sees it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.tombstones import Tombstones
from schemas.batch import EventBatch
from schemas.deadletters import DeadLetter
from schemas.decode import Decoded
from schemas.topics import LABELS, REVIEWS_SCORED
from streams.privacy.keys import pseudonyms_of
from streams.privacy.letters import people_of, pseudonymised
from streams.settings import Settings

OURS = (REVIEWS_SCORED, LABELS)
"""Topics on which there are pseudonyms: what a text worker has read, and verdicts on alerts that had them."""


class Admitted(NamedTuple):
    events: EventBatch
    dead_letters: list[DeadLetter]
    n_erased: int
    """Records about people who were erased, and those without a value that stand in their place."""


class Ingest:
    """Leaves out who was erased, and puts pseudonyms in the place of identifiers. Not thread-safe.

    Attributes
    ----------
    tombstones
        Who was erased.
    """

    def __init__(self, settings: Settings) -> None:
        self.tombstones = Tombstones()
        self._pseudonyms = pseudonyms_of(settings)
        self._key = settings.pseudonym_key.encode()

    def admit(self, decoded: Decoded) -> Admitted:
        """Costs nothing where nobody was erased and there are no pseudonyms."""
        events, letters = decoded
        n_records = len(events) + len(letters)
        ours = events.topic in OURS
        if events.topic == REVIEWS_SCORED:
            letters = [letter for letter in letters if letter.value]
        events, letters = self._without_erased(events, letters)
        if self._pseudonyms is not None:
            events = self._pseudonyms.events(events, ours=ours)
            letters = [self.letter(letter) for letter in letters]
            events, letters = self._without_erased(events, letters)  # who was named by the pseudonym
        return Admitted(events, letters, n_records - len(events) - len(letters))

    def letter(self, letter: DeadLetter) -> DeadLetter:
        """As it may be kept."""
        return letter if self._pseudonyms is None else pseudonymised(letter, self._pseudonyms, self._key)

    def _without_erased(self, events: EventBatch, letters: list[DeadLetter]) -> tuple[EventBatch, list[DeadLetter]]:
        if not self.tombstones:
            return events, letters
        kept = events.where(~self.tombstones.among("user", events.user_id))
        return kept, [letter for letter in letters if not self._is_erased(letter)]

    def _is_erased(self, letter: DeadLetter) -> bool:
        people = sorted(people_of(letter.key, letter.value))
        return bool(np.any(self.tombstones.among("user", people)))
