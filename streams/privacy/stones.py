"""Writing tombstones, and keeping the identifiers while their rows are being removed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence

from models.tombstones import Tombstone
from schemas.identifiers import key_id
from streams.clickhouse.columns import Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.privacy.people import Person
from streams.privacy.tombstones import LATEST

_FORGET = "ALTER TABLE erasing DELETE WHERE erasure IN %(erasures)s SETTINGS mutations_sync = 2"


class Stones:
    """Of some people, who get the numbers of their erasures here. Blocks."""

    def __init__(self, reader: Reader, writer: Writer, key: bytes, people: Sequence[Person]) -> None:
        self._reader = reader
        self._writer = writer
        self._key = key
        self._people = people
        number = self._next_number()
        for place, person in enumerate(people):
            person.erasure = person.erasure or number + place

    def write(self) -> int:
        """Of all their identifiers known by now, under a number that is returned. It is above all others that there are
        once it is written: a reader that knows a higher one has read this one, too."""
        while True:
            number = self._next_number()
            self._write(number)
            if int(self._reader.query(LATEST)[0][0]) == number:
                return number

    def keep_ids(self) -> None:
        """Where statements find them, and the next run, if this one breaks off."""
        rows = [(person.erasure, kind, value) for person in self._people for kind, value in person.ids]
        erasures, kinds, values = zip(*rows, strict=True)
        columns: dict[str, Column] = {"erasure": erasures, "kind": kinds, "id": values}
        self._writer.insert("erasing", columns, token=f"erasing-{secrets.token_hex(8)}")

    def forget_ids(self) -> None:
        self._reader.query(_FORGET, {"erasures": [person.erasure for person in self._people]})

    def _next_number(self) -> int:
        """Unix microseconds, or more; the last digits keep apart what is written at the same time."""
        latest = int(self._reader.query(LATEST)[0][0])
        return max(latest + 1, time.time_ns() // 1_000_000 * 1_000) + secrets.randbelow(1_000)

    def _write(self, number: int) -> None:
        rows = [
            (person.erasure, Tombstone.of(self._key, kind, value))
            for person in self._people
            for kind, value in person.ids
        ]
        n = len(rows)
        columns: dict[str, Column] = {
            "number": [number] * n,
            "erasure": [erasure for erasure, _ in rows],
            "kind": [stone.kind for _, stone in rows],
            "bucket": [stone.bucket for _, stone in rows],
            "digest": [stone.digest for _, stone in rows],
            "key_id": [key_id(self._key)] * n,
            "written_ms": [time.time_ns() // 1_000_000] * n,
        }
        self._writer.insert("erasures", columns, token=f"erasures-{number}")
