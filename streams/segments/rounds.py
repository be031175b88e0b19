"""The leader's rounds, as the tables tell of them: as of when, and what each had seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from schemas.topics import INPUTS, SWEEP
from streams.clickhouse.ledger import midnights_swept, next_offsets
from streams.clickhouse.reader import Reader

Seen = Mapping[str, int]
"""How far what was looked at had come: by ``topic/partition`` the last offset that was done, by ``sweep/partition`` the
midnight. A shopper's profile holds at least the records up to there."""

_LAST = "SELECT at_ms, seen FROM segment_rounds FINAL ORDER BY at_ms DESC LIMIT 1"

_BEGUN = "SELECT min(at_ms) FROM segment_changes WHERE at_ms NOT IN (SELECT at_ms FROM segment_rounds)"


class Done(NamedTuple):
    """The last round that is done; ``at_ms`` is 0 before the first."""

    at_ms: int
    seen: Seen
    """Empty where it isn't known: another leader ended the round than looked."""


def last_done(reader: Reader) -> Done:
    rows = reader.query(_LAST)
    return Done(*rows[0]) if rows else Done(0, {})


def begun_ms(reader: Reader) -> int:
    """The first round that has changes and isn't done; 0 for none."""
    return int(reader.query(_BEGUN)[0][0])


def seen(reader: Reader) -> Seen:
    """As of now."""
    logs = {f"{topic}/{at}": offset - 1 for (topic, at), offset in next_offsets(reader).items() if topic in INPUTS}
    return logs | {f"{SWEEP}/{at}": midnight for at, midnight in midnights_swept(reader).items()}


def are_settled(reader: Reader) -> bool:
    """Whether the last round saw all that is there, and is done."""
    now = seen(reader)
    return now == last_done(reader).seen and not begun_ms(reader)
