"""Dead letters in ClickHouse: looking at them, and sending them to their topics again.

A letter is sent again as it came, key and value, to the partition that it came from: the producer that chose it may
partition in its own way, and a shopper lives in one partition. Its time is that of the new record, so an event that
was ahead of its record may have become one that isn't. ``replayed_ms`` is set after the broker has the record; a
replay that broke off in between sends it twice, which the window of duplicates takes care of. A letter that is kept
without identifiers is sent as its record still is on the topic.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.deadletters import DeadLetter
from schemas.topics import TopicNames, topic_of
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Retryable
from streams.privacy.originals import originals
from streams.settings import Settings
from streams.transport.security import aiokafka_auth, bootstrap_servers

log = logging.getLogger(__name__)

PAGE = 500
"""Letters that are read, sent and marked at once: 16 MB at the longest text an event may hold."""

REQUEST_TIMEOUT_MS = 30_000
MAX_REQUEST_BYTES = 16 << 20
"""The broker set a limit when it took the record; none is wanted here."""

_COLUMNS = "topic, partition, offset, toUnixTimestamp64Milli(record_ts) AS record_ms, reason, key, value, replayed_ms"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which letters: of one topic, with a text in their reason, with or without those that were sent again."""

    topic: str | None = None
    reason: str | None = None
    replayed: bool = True
    before_ms: int | None = None
    """Only those written earlier, in Unix milliseconds."""

    def condition(self) -> tuple[str, dict[str, Any]]:
        """SQL for WHERE, and its parameters."""
        terms = ["1"]
        params: dict[str, Any] = {}
        if self.topic is not None:
            terms.append("topic = %(topic)s")
            params["topic"] = self.topic
        if self.reason is not None:
            terms.append("positionCaseInsensitiveUTF8(reason, %(reason)s) > 0")
            params["reason"] = self.reason
        if not self.replayed:
            terms.append("replayed_ms = 0")
        if self.before_ms is not None:
            terms.append("written_ms < %(before_ms)s")
            params["before_ms"] = self.before_ms
        return " AND ".join(terms), params


@dataclass(frozen=True, kw_only=True)
class Group:
    """Letters of one topic with the same reason."""

    topic: str
    reason: str
    letters: int
    replayed: int
    first_ms: int
    """Time of the earliest record in Unix milliseconds, and of the latest."""
    last_ms: int


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A letter with what became of it."""

    letter: DeadLetter
    replayed_ms: int


def groups(reader: Reader, selection: Selection, *, limit: int) -> list[Group]:
    """The reasons of the selected letters, the most frequent first. Blocks."""
    condition, params = selection.condition()
    rows = reader.query(
        "SELECT topic, reason, count() AS letters, countIf(replayed_ms > 0),"  # noqa: S608 - values are parameters
        " toUnixTimestamp64Milli(min(record_ts)), toUnixTimestamp64Milli(max(record_ts))"
        f" FROM dead_letters FINAL WHERE {condition} GROUP BY topic, reason"
        " ORDER BY letters DESC, topic, reason LIMIT %(limit)s",
        params | {"limit": limit},
    )
    names = ("topic", "reason", "letters", "replayed", "first_ms", "last_ms")
    return [Group(**dict(zip(names, row, strict=True))) for row in rows]


def count(reader: Reader, selection: Selection) -> int:
    """How many letters are selected. Blocks."""
    condition, params = selection.condition()
    ((n_letters,),) = reader.query(f"SELECT count() FROM dead_letters FINAL WHERE {condition}", params)  # noqa: S608
    return int(n_letters)


def letters(reader: Reader, selection: Selection, *, limit: int | None = None) -> Iterator[Kept]:
    """The selected letters by topic, partition and offset, read a page at a time. Blocks."""
    return chain.from_iterable(pages(reader, selection, limit=limit))


def pages(reader: Reader, selection: Selection, *, limit: int | None = None) -> Iterator[list[Kept]]:
    """:func:`letters`, at most :data:`PAGE` at once."""
    condition, params = selection.condition()
    after: tuple[str, int, int] = ("", -1, -1)
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        found = reader.columns(
            f"SELECT {_COLUMNS} FROM dead_letters FINAL WHERE {condition}"  # noqa: S608 - values are parameters
            " AND (topic, partition, offset) > %(after)s ORDER BY topic, partition, offset LIMIT %(size)s",
            params | {"after": after, "size": size},
            raw=("key", "value"),
        )
        page = [_kept(*row) for row in zip(*map(list, found.values()), strict=True)]
        if page:
            yield page
        if len(page) < size:
            return
        last = page[-1].letter
        after = (last.topic, last.partition, last.offset)
        left = None if left is None else left - size


async def replay(settings: Settings, selection: Selection) -> int:
    """Send the selected letters to their topics again, and return how many.

    Letters that come while this runs are left out: those of records that are as bad as before would never end.

    Raises ``Retryable`` where Kafka can't be reached or takes no more, ``Fatal`` where ClickHouse is gone. What was
    sent until then is marked.
    """
    names = TopicNames(prefix=settings.topic_prefix)
    reader, writer = Reader(settings), Writer(settings)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers(settings),
        acks="all",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_request_size=MAX_REQUEST_BYTES,
        **aiokafka_auth(settings),
    )
    todo = pages(reader, replace(selection, before_ms=_now_ms()))
    nothing: list[Kept] = []
    sent = 0
    try:
        await producer.start()
        while page := await asyncio.to_thread(next, todo, nothing):
            found = await originals(settings, [one.letter for one in page])
            kept = [one.letter for one, record in zip(page, found, strict=True) if record is not None]
            if len(kept) < len(page):
                log.warning("%d letters stay: their records aren't on their topics any more", len(page) - len(kept))
            outcomes = await _send(producer, names, [record for record in found if record is not None])
            delivered = [letter for letter, outcome in zip(kept, outcomes, strict=True) if outcome is None]
            await asyncio.to_thread(_mark, writer, delivered)
            sent += len(delivered)
            if failure := next(filter(None, outcomes), None):
                raise failure
        return sent
    except (KafkaError, OSError) as error:
        raise Retryable(f"Kafka at {settings.kafka} took {sent} letters, then failed: {error!r}") from None
    finally:
        await producer.stop()
        reader.close()
        writer.close()


async def _send(
    producer: AIOKafkaProducer, names: TopicNames, page: Sequence[DeadLetter]
) -> list[BaseException | None]:
    """For each letter, None once the broker has it, else why it hasn't."""

    async def send(letter: DeadLetter) -> None:
        # An absent key or value is kept as an empty one.
        await producer.send_and_wait(
            names.on_broker(topic_of(letter.topic)), letter.value or None, letter.key or None, letter.partition
        )

    outcomes = await asyncio.gather(*map(send, page), return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None and not isinstance(outcome, KafkaError):
            raise outcome
    return outcomes


def _mark(writer: Writer, delivered: Sequence[DeadLetter]) -> None:
    now_ms = _now_ms()
    columns = {
        name: [getattr(letter, name) for letter in delivered]
        for name in ("topic", "partition", "offset", "record_ts", "reason", "key", "value")
    }
    columns |= {"written_ms": [now_ms] * len(delivered), "replayed_ms": [now_ms] * len(delivered)}
    writer.insert("dead_letters", columns, token=f"replayed-{uuid4()}")


def _kept(
    topic: str, partition: int, offset: int, record_ts: int, reason: str, key: bytes, value: bytes, replayed_ms: int
) -> Kept:
    letter = DeadLetter(
        topic=topic,
        partition=int(partition),
        offset=int(offset),
        record_ts=int(record_ts),
        reason=reason,
        key=key,
        value=value,
    )
    return Kept(letter=letter, replayed_ms=int(replayed_ms))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
