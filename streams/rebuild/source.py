"""Events from ClickHouse as the columns that profiles are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.batch import NUMBERS, TEXTS, EventBatch
from schemas.texts import Texts
from streams.clickhouse.reader import Reader
from streams.rebuild.plan import HOME, Stretch

PROFILE_TEXTS = ("user_id", "item", "session", "card", "ip", "device", "country", "merchant")
"""The texts that profiles are made of."""

_READ = ", ".join((*NUMBERS, *PROFILE_TEXTS))

# A record that came again after a crash has its row twice, until the table's parts are merged.
_CHUNK = f"""
SELECT offset, type_code AS type, ts, {_READ}
FROM events
WHERE topic = %(topic)s AND partition = %(partition)s AND offset BETWEEN %(first)s AND %(last)s AND {HOME} = %(home)s
ORDER BY offset, written_ms DESC
LIMIT 1 BY offset
"""  # noqa: S608 - constants


def batches(reader: Reader, stretch: Stretch, partitions: int) -> Iterator[EventBatch]:
    """The stretch in the order of its offsets, in bounded batches. Texts that no profile takes in are left empty."""
    params = {"topic": stretch.topic, "partition": stretch.partition, "home": stretch.home, "partitions": partitions}
    for first, last in stretch.chunks():
        found = reader.columns(_CHUNK, params | {"first": first, "last": last})
        columns: dict[str, Any] = dict.fromkeys(TEXTS, Texts.absent(len(found["offset"]))) | found
        columns |= {name: Texts.of(found[name]) for name in PROFILE_TEXTS}
        yield EventBatch(topic=stretch.topic, partition=stretch.partition, **columns)
