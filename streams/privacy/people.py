"""Who is to be erased: by which ids the tables, the topics and the logs have a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.identifiers import IDENTIFIERS, digest
from streams.clickhouse.reader import Reader
from streams.privacy.keys import stored_id
from streams.settings import Settings

INSTRUMENTS = tuple(kind for kind in IDENTIFIERS.values() if kind != "user")
"""What a person may have used alone. By name of their columns in ``events``, too."""

_USED = """
SELECT DISTINCT {kind} AS id FROM events
WHERE {kind} != '' AND user_id IN (SELECT id FROM people WHERE kind = 'user')
"""

_SHARED = """
SELECT DISTINCT {kind} AS id FROM events
WHERE {kind} IN (SELECT id FROM people WHERE kind = '{kind}')
AND user_id NOT IN (SELECT id FROM people WHERE kind = 'user')
"""

_LEFT = "SELECT kind, id FROM erasing WHERE erasure = %(erasure)s AND kind != 'user'"

_KNOWN = "SELECT erasure FROM erasures WHERE kind = 'user' AND digest = %(digest)s ORDER BY number LIMIT 1"


@dataclass(kw_only=True)
class Person:
    """Somebody of whom nothing is to be left."""

    names: tuple[str, ...]
    """The id that was given and, where there are pseudonyms, the one that the tables have."""
    subject: str
    """The digest of the id that was given, by which a receipt tells who it is about."""
    erasure: int = 0
    """The number of the first tombstone; 0 for nobody that was ever erased."""
    alone: set[tuple[str, str]] = field(default_factory=set)
    """Kind and id of the instruments that nobody else has used."""

    @property
    def ids(self) -> list[tuple[str, str]]:
        """Kind and id of all that tells of the person alone."""
        return [*(("user", name) for name in self.names), *sorted(self.alone)]


def find(settings: Settings, reader: Reader, key: bytes, user_id: str) -> Person:
    """With the number of an erasure that was begun before."""
    subject = digest(key, "user", user_id)
    known = reader.query(_KNOWN, {"digest": subject})
    return Person(
        names=tuple(dict.fromkeys((user_id, stored_id(settings, user_id)))),
        subject=subject,
        erasure=int(known[0][0]) if known else 0,
    )


def ids_of(people: Sequence[Person]) -> Mapping[str, Mapping[str, tuple[str, Any]]]:
    """The table ``people`` for queries: what each erasure is about."""
    rows = [(place, kind, value) for place, person in enumerate(people) for kind, value in person.ids]
    places, kinds, values = zip(*rows, strict=True)
    return {"people": {"place": ("UInt64", places), "kind": ("String", kinds), "id": ("String", values)}}


def find_instruments(reader: Reader, people: Sequence[Person]) -> None:
    """Notes of each person the instruments that only they have used; and those that an erasure left, which broke off
    after the events were gone. Scans the events' columns of them."""
    for person in people:
        person.alone = set(reader.query(_LEFT, {"erasure": person.erasure}))
        for kind in INSTRUMENTS:
            used = reader.columns(_USED.format(kind=kind), tables=ids_of([person]))["id"]
            person.alone |= {(kind, value) for value in used}
    for kind in INSTRUMENTS:
        shared = set(reader.columns(_SHARED.format(kind=kind), tables=ids_of(people))["id"])
        for person in people:
            person.alone -= {(kind, value) for value in shared}
