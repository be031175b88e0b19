"""Whether the tables hold the very events that were sent: by their number, and the sums of their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing

from schemas.tables import ROW_TABLES
from schemas.topics import REVIEW_TEXTS, REVIEWS, REVIEWS_SCORED
from streams.clickhouse.reader import Reader
from streams.settings import Settings
from streams.simulate.truth import Sent

_EVENTS = """
WITH toUInt64(splitByChar('-', event_id)[2]) AS number
SELECT count(), sum(number), sum(number * number) FROM {table} FINAL WHERE topic = %(topic)s
"""
_DEAD_LETTERS = "SELECT count() FROM dead_letters FINAL WHERE topic = %(topic)s"
_READ = "SELECT count(), uniqExact(user_id, event_id) FROM {table} FINAL"


def differences(settings: Settings, truth: Mapping[str, Sent], *, texts: bool) -> list[str]:
    """In words; empty where the tables hold all events once, and all broken records as dead letters; with ``texts``
    also what was read of each review. Blocks."""
    with closing(Reader(settings)) as reader:
        found = [problem for topic, sent in truth.items() for problem in _of_topic(reader, topic, sent)]
        return found + (list(_of_texts(reader, truth[REVIEWS])) if texts else [])


def _of_topic(reader: Reader, topic: str, sent: Sent) -> Iterator[str]:
    table = ROW_TABLES[topic]
    ((rows, *sums),) = reader.query(_EVENTS.format(table=table), {"topic": topic})
    if rows != sent.events:
        yield f"{table} has {rows:,} rows of {topic}, of which {sent.events:,} events were sent"
    elif sums != [sent.sum, sent.sum_of_squares]:
        yield f"{table} has as many rows of {topic} as events were sent, but not of the same events"
    ((letters,),) = reader.query(_DEAD_LETTERS, {"topic": topic})
    if letters != sent.broken:
        yield f"there are {letters:,} dead letters of {topic}, to which {sent.broken:,} broken records were sent"


def _of_texts(reader: Reader, sent: Sent) -> Iterator[str]:
    for table in (ROW_TABLES[REVIEW_TEXTS], ROW_TABLES[REVIEWS_SCORED]):
        ((rows, distinct),) = reader.query(_READ.format(table=table))
        if not rows == distinct == sent.events:
            yield f"{table} has {rows:,} rows of {distinct:,} reviews, of which {sent.events:,} were sent"
