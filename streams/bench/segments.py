"""``footfall bench segments``: how long counting all segments takes, and a round of the leader."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from streams.bench.laboratory import Laboratory
from streams.bench.members import NOW_MS, pass_to, populate
from streams.clickhouse.reader import Reader
from streams.leader.segments import SegmentRounds
from streams.segments.count import count
from streams.segments.files import segments_of
from streams.settings import Settings
from streams.transport.topics import ensure_topics
from streams.worker.delivery import Delivery

HOUR_MS = 3_600_000


class Round(NamedTuple):
    wall_s: float
    look_s: float
    """Of that, to find the changes, write them down and tell the first page of them."""
    changes: int


@dataclass(frozen=True, kw_only=True)
class SegmentsResult:
    profiles: int
    parts: int
    """Of the table of profiles, as the measurement began."""
    shoppers: dict[str, int]
    """By segment."""
    count_s: list[float]
    """Counting all segments live, each time."""
    first_round: Round
    """All members enter."""
    later_round: Round
    """An hour of event time later."""

    def to_json(self) -> dict[str, Any]:
        return {
            "profiles": self.profiles,
            "parts": self.parts,
            "shoppers": self.shoppers,
            "count_s": round(median(self.count_s), 3),
            "count_worst_s": round(max(self.count_s), 3),
            **{
                f"{name}_round_{part}": round(value, 3)
                for name, one in (("first", self.first_round), ("later", self.later_round))
                for part, value in one._asdict().items()
            },
        }


def measure_segments(laboratory: Laboratory, *, profiles: int, rounds: int) -> SegmentsResult:
    """Counts ``rounds`` times; the first time nothing is in ClickHouse's caches."""
    settings = laboratory.settings(prefix="segments", database="segments")
    populate(settings, profiles)
    asyncio.run(ensure_topics(settings))
    segments = list(segments_of(settings).values())
    with closing(Reader(settings)) as reader:
        ((parts,),) = reader.query(
            "SELECT count() FROM system.parts WHERE database = currentDatabase() AND table = 'profiles' AND active"
        )
        seconds = []
        for _ in range(rounds):
            began = time.monotonic()
            found = count(reader, segments)
            seconds.append(time.monotonic() - began)
        first, later = asyncio.run(_rounds(settings, reader))
    return SegmentsResult(
        profiles=profiles, parts=parts, shoppers=found, count_s=seconds, first_round=first, later_round=later
    )


async def _rounds(settings: Settings, reader: Reader) -> tuple[Round, Round]:
    """A round of all, and another one an hour later."""
    delivery = Delivery(settings)
    await delivery.start()
    duty = SegmentRounds(settings, delivery, clock_ms=lambda: time.time_ns() // 1_000_000, stop=threading.Event())
    try:
        first = await asyncio.to_thread(_round, duty, reader)
        await asyncio.to_thread(pass_to, reader, NOW_MS + HOUR_MS, settings.partitions)
        return first, await asyncio.to_thread(_round, duty, reader)
    finally:
        await asyncio.to_thread(duty.close)
        await delivery.stop()


def _round(duty: SegmentRounds, reader: Reader) -> Round:
    began = time.monotonic()
    duty.run()
    looked = time.monotonic()
    while duty.run():
        pass
    ended = time.monotonic()
    ((changes,),) = reader.query("SELECT entered + left FROM segment_rounds ORDER BY at_ms DESC LIMIT 1")
    return Round(wall_s=ended - began, look_s=looked - began, changes=int(changes))
