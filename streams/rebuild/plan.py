"""Which events belong to the profiles of which partition, by Kafka's own rule: murmur2 of the shopper's id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from schemas.identifiers import PSEUDONYM_SQL
from schemas.tables import ROW_TABLES
from schemas.topics import BEHAVIOUR
from streams.clickhouse.reader import Reader

Pair = tuple[str, int]
Positions = Mapping[Pair, int]
"""The last offset by topic and partition, of those that have one."""

CHUNK_EVENTS = 100_000
"""Events read at once: about 100 MB while they are columns of text."""

HOME = f"if({PSEUDONYM_SQL}, partition, modulo(bitAnd(kafkaMurmurHash(user_id), 0x7FFFFFFF), %(partitions)s))"
"""The partition of a shopper; ``streams.replay.partitioner`` in SQL. What a pseudonym stands for isn't known, so its
is where the event came from."""

_ROWS = " UNION ALL ".join(
    f"SELECT topic, partition, offset, user_id FROM {table}"  # noqa: S608 - own names
    for table in sorted({ROW_TABLES[topic] for topic in BEHAVIOUR})
)

_STRETCHES = f"""
SELECT topic, partition, {HOME} AS home, min(offset), max(offset), count()
FROM ({_ROWS})
GROUP BY topic, partition, home
ORDER BY home, partition != home DESC, topic, partition
"""  # noqa: S608 - a constant


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Events of one log whose shoppers live in partition ``home``, from offset ``first`` to ``last``."""

    topic: str
    partition: int
    home: int
    first: int
    last: int
    events: int
    """How many there are, as far as that is known: rows that were written twice are counted twice."""

    @property
    def moved(self) -> bool:
        """Whether the events came by another partition than that in which their shoppers live."""
        return self.partition != self.home

    def between(self, after: int, last: int) -> Stretch:
        """The part that lies behind offset ``after`` and ends with ``last``; its ``events`` are an estimate."""
        first, last = max(self.first, after + 1), min(self.last, last)
        length = max(0, last - first + 1)
        return replace(self, first=first, last=last, events=-(-self.events * length // (self.last - self.first + 1)))

    def chunks(self) -> Iterator[tuple[int, int]]:
        """First and last offset of about ``CHUNK_EVENTS`` events each."""
        step = max(1, CHUNK_EVENTS * (self.last - self.first + 1) // max(1, self.events))
        for first in range(self.first, self.last + 1, step):
            yield first, min(first + step - 1, self.last)


def stretches(reader: Reader, partitions: int) -> list[Stretch]:
    """All there is, by home. One scan of the events' shoppers."""
    return [
        Stretch(topic=topic, partition=partition, home=home, first=first, last=last, events=events)
        for topic, partition, home, first, last, events in reader.query(_STRETCHES, {"partitions": partitions})
    ]


def pending(planned: list[Stretch], home: int, done: Positions, ends: Positions) -> list[Stretch]:
    """What the profiles of ``home``, which contain everything up to ``done``, lack of everything up to ``ends``."""
    parts = [
        stretch.between(done.get(pair, -1), ends.get(pair, -1))
        for stretch in planned
        if stretch.home == home
        for pair in [(stretch.topic, stretch.partition)]
    ]
    return [part for part in parts if part.events]
