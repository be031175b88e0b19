"""What ``streams.privacy.ingest`` takes of the work before an event is anything else, in memory and without servers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.tombstones import Tombstone, Tombstones
from schemas.decode import Decoded, Decoder
from schemas.records import Record
from schemas.topics import CARTS, CLICKS
from streams.bench.shop import Shop
from streams.privacy.ingest import Ingest
from streams.settings import Secret, Settings

ERASED = 1_000
_KEY = "a key for measuring"


@dataclass(frozen=True, kw_only=True)
class PrivacyResult:
    """Microseconds of CPU an event, the least of some rounds."""

    events: int
    users: int
    off_us: float
    """Without pseudonyms and tombstones."""
    first_us: float
    """With pseudonyms, of identifiers that are new to the worker until they have come once."""
    pseudonyms_us: float
    """With pseudonyms of identifiers that came before, as far as they are remembered."""
    tombstones_us: float
    """Without pseudonyms, after as many people as ``ERASED`` were erased."""

    def to_json(self) -> dict[str, Any]:
        return {name: round(value, 3) for name, value in asdict(self).items()}


def measure_privacy(*, events: int, users: int, rounds: int) -> PrivacyResult:
    """Blocks for about 30 µs an event."""
    runs = _decoded(events, users)
    stones = [Tombstone.of(_KEY.encode(), "user", f"u{number:08d}") for number in range(users, users + ERASED)]

    def measured(settings: Settings, tombstones: Tombstones, passes: int) -> float:
        """Of the last pass."""
        best = float("inf")
        for _ in range(rounds):
            ingest = Ingest(settings)
            ingest.tombstones = tombstones
            taken = [_cpu_s(ingest, runs) for _ in range(passes)]
            best = min(best, taken[-1])
        return 1e6 * best / events

    off, on = Settings(), Settings(pseudonym_key=Secret(_KEY))
    nobody, erased = Tombstones(), Tombstones(_KEY.encode(), stones, number=1)
    measured(on, erased, 1)  # compiles
    return PrivacyResult(
        events=events,
        users=users,
        off_us=measured(off, nobody, 1),
        first_us=measured(on, nobody, 1),
        pseudonyms_us=measured(on, nobody, 2),
        tombstones_us=measured(off, erased, 1),
    )


def _decoded(events: int, users: int) -> Sequence[Decoded]:
    decoders = {topic: Decoder(topic) for topic in (CLICKS, CARTS)}
    runs = []
    for chunk in Shop(users=users).events(events):
        rows = list(zip(chunk.topic, chunk.ts.tolist(), chunk.key, chunk.value, strict=True))
        for topic, decoder in decoders.items():
            records = [Record(at, ts, key, value) for at, (of, ts, key, value) in enumerate(rows) if of == topic]
            runs.append(decoder.decode(0, records))
    return runs


def _cpu_s(ingest: Ingest, runs: Sequence[Decoded]) -> float:
    began = time.thread_time()
    for run in runs:
        ingest.admit(run)
    return time.thread_time() - began
