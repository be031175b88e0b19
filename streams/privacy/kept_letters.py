"""A person's dead letters in ClickHouse."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from streams.clickhouse.reader import Reader
from streams.privacy.letters import people_of
from streams.privacy.people import Person

_CANDIDATES = """
SELECT topic, partition, offset, key, value FROM dead_letters
WHERE key IN (SELECT text FROM needles)
OR arrayExists(needle -> position(value, needle) > 0, (SELECT groupArray(text) FROM needles))
"""

_REMOVE = """
ALTER TABLE dead_letters DELETE WHERE topic = %(topic)s AND partition = %(partition)s AND offset IN %(offsets)s
SETTINGS mutations_sync = 2
"""


class Letter(NamedTuple):
    topic: str
    partition: int
    offset: int


def letters_of(reader: Reader, people: Sequence[Person]) -> list[set[Letter]]:
    """Of each of the people. Scans the table."""
    names = [set(person.names) for person in people]
    texts = sorted({form for of_one in names for name in of_one for form in (name, json.dumps(name)[1:-1])})
    found = reader.columns(_CANDIDATES, tables={"needles": {"text": ("String", texts)}}, raw=("key", "value"))
    letters: list[set[Letter]] = [set() for _ in people]
    if found:
        rows = zip(*(found[name] for name in ("topic", "partition", "offset", "key", "value")), strict=True)
        for topic, partition, offset, key, value in rows:
            about = people_of(key, value)
            for place, of_one in enumerate(names):
                if about & of_one:
                    letters[place].add(Letter(topic, int(partition), int(offset)))
    return letters


def remove(reader: Reader, letters: set[Letter]) -> None:
    """Returns once they are gone."""
    for topic, partition in sorted({(letter.topic, letter.partition) for letter in letters}):
        offsets = sorted(one.offset for one in letters if (one.topic, one.partition) == (topic, partition))
        reader.query(_REMOVE, {"topic": topic, "partition": partition, "offsets": offsets})
