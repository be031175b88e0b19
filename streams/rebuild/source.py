"""Events from ClickHouse as the columns that profiles are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from schemas.batch import NUMBERS, TEXTS, EventBatch
from schemas.tables import ROW_TABLES, TABLES
from schemas.texts import Texts
from streams.clickhouse.reader import Reader
from streams.rebuild.plan import HOME, Stretch

PROFILE_TEXTS = ("user_id", "item", "session", "card", "ip", "device", "country", "merchant")
"""The texts that profiles are made of."""


# A record that came again after a crash has its row twice, until the table's parts are merged.
_CHUNK = """
SELECT offset, type_code AS type, ts, {columns}
FROM {table}
WHERE topic = %(topic)s AND partition = %(partition)s AND offset BETWEEN %(first)s AND %(last)s AND {home} = %(home)s
ORDER BY offset, written_ms DESC
LIMIT 1 BY offset
"""


def batches(reader: Reader, stretch: Stretch, partitions: int) -> Iterator[EventBatch]:
    """The stretch in the order of its offsets, in bounded batches. Texts that no profile takes in are left empty."""
    params = {"topic": stretch.topic, "partition": stretch.partition, "home": stretch.home, "partitions": partitions}
    table = ROW_TABLES[stretch.topic]
    read = [name for name in (*NUMBERS, *PROFILE_TEXTS) if name in TABLES[table]]
    sql = _CHUNK.format(columns=", ".join(read), table=table, home=HOME)
    for first, last in stretch.chunks():
        found = reader.columns(sql, params | {"first": first, "last": last})
        n = len(found["offset"])
        columns: dict[str, Any] = dict.fromkeys(TEXTS, Texts.absent(n)) | dict.fromkeys(NUMBERS, np.zeros(n)) | found
        columns |= {name: Texts.of(found[name]) for name in read if name in PROFILE_TEXTS}
        yield EventBatch(topic=stretch.topic, partition=stretch.partition, **columns)
