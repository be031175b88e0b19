"""The erasure of people, in the order that the package's docstring gives and the reasons for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

from schemas.topics import ABOUT_PEOPLE
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Retryable
from streams.privacy import kept_letters, owners, runs, tables, topics
from streams.privacy.attempts import Notes
from streams.privacy.keys import erasure_key
from streams.privacy.people import Person, find, find_instruments
from streams.privacy.receipt import signed
from streams.privacy.stones import Stones
from streams.settings import Settings

LETTERS = "dead_letters"

REMAINS = (
    "sums over many people: profiles of items and merchants, and of cards, devices and addresses that others use too",
    "weights and metrics of models",
    "records on the shop's own topics, for as long as the shop keeps them: whoever reads them leaves them out",
)


@dataclass(frozen=True, kw_only=True)
class Order:
    by: str = ""
    reason: str = ""
    gone: Collection[str] = ()
    """Workers that have ended, by the operator's word."""
    wait_s: float = 60.0
    """For the others to take it up."""


def erase(settings: Settings, user_ids: Sequence[str], order: Order) -> list[dict[str, Any]]:
    """Erases people, who may have been erased before, and returns a receipt of each. Blocks for some seconds, and for
    as long as ClickHouse takes to write the parts anew that hold their rows.

    Raises ``SettingError`` without a key, and ``Retryable`` where a worker doesn't take it up, or rows come back: what
    is begun then is finished by the next run.
    """
    with _connected(settings) as (reader, writer):
        asked_ms = _now_ms()
        key = erasure_key(settings)
        people = [find(settings, reader, key, user_id) for user_id in dict.fromkeys(user_ids)]
        stones = Stones(reader, writer, key, people)
        work = _Removal(settings, reader, writer, people)
        owners.wait(reader, stones.write(), order.gone, wait_s=order.wait_s)
        find_instruments(reader, people)
        stones.keep_ids()
        work.tables()
        owners.wait(reader, stones.write(), order.gone, wait_s=order.wait_s)
        work.tables()
        work.topics()
        work.check()
        stones.forget_ids()
        return [
            signed(
                {
                    "subject": person.subject,
                    "erasure": person.erasure,
                    "asked_ms": asked_ms,
                    "finished_ms": _now_ms(),
                    "by": order.by,
                    "reason": order.reason,
                    "tables": {place: rows for place, rows in removed.items() if place not in ABOUT_PEOPLE},
                    "topics": {place: rows for place, rows in removed.items() if place in ABOUT_PEOPLE},
                    "remains": REMAINS,
                    "footfall": version("footfall"),
                },
                key,
            )
            for person, removed in zip(people, work.removed(), strict=True)
        ]


def count(settings: Settings, user_ids: Sequence[str]) -> list[dict[str, int]]:
    """What an erasure would find of each: rows by table, and records by topic. Changes nothing."""
    with _connected(settings) as (reader, writer):
        key = erasure_key(settings)
        people = [find(settings, reader, key, user_id) for user_id in dict.fromkeys(user_ids)]
        find_instruments(reader, people)
        return _Removal(settings, reader, writer, people).count()


class _Removal:
    """Everywhere."""

    def __init__(self, settings: Settings, reader: Reader, writer: Writer, people: Sequence[Person]) -> None:
        self._settings = settings
        self._reader = reader
        self._writer = writer
        self._people = people

    def tables(self) -> None:
        """One pass over the tables, the ledger first: it is the events that tell which of its records are theirs."""
        letters = kept_letters.letters_of(self._reader, self._people)
        every = set().union(*letters)
        for pair, gone in runs.gone_of(self._reader, self._people, every).items():
            runs.rewrite(self._reader, self._writer, pair, gone)
        self._noted([{LETTERS: len(of_one)} for of_one in letters], partial(kept_letters.remove, self._reader, every))
        for table in tables.tables_of_people(self._reader):
            rows = tables.count(self._reader, table, self._people)
            self._noted([{table: n} for n in rows], partial(tables.remove, self._reader, table, self._people))

    def topics(self) -> None:
        found = asyncio.run(topics.find(self._settings, self._people))
        self._noted([topics.count(told) for told in found], lambda: asyncio.run(topics.replace(self._settings, found)))

    def check(self) -> None:
        """Raises ``Retryable`` where there is something, in whatever version."""
        places = {LETTERS: any(kept_letters.letters_of(self._reader, self._people))}
        for table in tables.tables_of_people(self._reader):
            places[table] = any(tables.count(self._reader, table, self._people, versions=True))
        back = [place for place, is_there in places.items() if is_there]
        if back:
            raise Retryable(f"rows came back to {', '.join(back)} meanwhile: run `footfall erase` again")

    def removed(self) -> list[dict[str, int]]:
        """Of each person, by place; from all runs together."""
        return [self._notes(person).removed() for person in self._people]

    def count(self) -> list[dict[str, int]]:
        """Of each person, by place, as it is."""
        told = asyncio.run(topics.find(self._settings, self._people))
        letters = kept_letters.letters_of(self._reader, self._people)
        places = [{LETTERS: len(of_one)} | topics.count(about) for of_one, about in zip(letters, told, strict=True)]
        for table in tables.tables_of_people(self._reader):
            for of_one, n in zip(places, tables.count(self._reader, table, self._people), strict=True):
                of_one[table] = n
        return places

    def _noted(self, places: Sequence[Mapping[str, int]], remove: Callable[[], None]) -> None:
        """Removes what there is of each person, with a note before and after."""
        notes = [self._notes(person) for person in self._people]
        attempts = [one.found(of_one) for one, of_one in zip(notes, places, strict=True)]
        if any(rows for of_one in places for rows in of_one.values()):
            remove()
        for one, of_one, attempt in zip(notes, places, attempts, strict=True):
            one.gone(of_one, attempt)

    def _notes(self, person: Person) -> Notes:
        return Notes(self._reader, self._writer, person.erasure)


@contextmanager
def _connected(settings: Settings) -> Iterator[tuple[Reader, Writer]]:
    reader, writer = Reader(settings), Writer(settings)
    try:
        yield reader, writer
    finally:
        reader.close()
        writer.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
