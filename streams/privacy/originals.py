"""Records as they were sent, of letters that are kept without identifiers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.deadletters import DeadLetter
from schemas.ledger import Span
from streams.audit.broker import Broker, connected
from streams.privacy.letters import is_pseudonymised
from streams.settings import Settings


async def originals(settings: Settings, letters: Sequence[DeadLetter]) -> list[DeadLetter | None]:
    """The letters with their records' own key and value; None for one whose record isn't on its topic any more.

    Raises ``Retryable`` where the broker doesn't answer.
    """
    if not any(map(is_pseudonymised, letters)):
        return list(letters)
    async with connected(settings) as broker:
        ends = await broker.ends(sorted({letter.topic for letter in letters}))
        return [
            await _original(broker, letter, ends.get((letter.topic, letter.partition)))
            if is_pseudonymised(letter)
            else letter
            for letter in letters
        ]


async def _original(broker: Broker, letter: DeadLetter, log: Span | None) -> DeadLetter | None:
    if log is None or not log.first <= letter.offset < log.last:
        return None
    pair = letter.topic, letter.partition
    async for records in broker.records(pair, Span(letter.offset, letter.offset)):
        for record in records:
            if record.offset == letter.offset:
                return msgspec.structs.replace(letter, key=record.key or b"", value=record.value or b"")
    return None
