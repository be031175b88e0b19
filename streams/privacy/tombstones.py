"""Tombstones in ClickHouse: reading them, and saying that they were taken up."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection

import numpy as np

from models.tombstones import Tombstone, Tombstones
from schemas.identifiers import key_id
from streams.clickhouse.columns import Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import FootfallError, SettingError
from streams.privacy.keys import erasure_key
from streams.settings import Settings

logger = logging.getLogger(__name__)

GONE = (1 << 64) - 1
"""The number of an owner that has left: it writes nothing any more."""

LATEST = "SELECT max(number) FROM erasures"
_ALL = "SELECT DISTINCT kind, bucket, digest, key_id FROM erasures"


def newer(reader: Reader, settings: Settings, known: Tombstones) -> Tombstones:
    """Those that there are, or ``known`` itself where none has come. Blocks.

    Raises ``SettingError`` where the key isn't the one that they were written with: who was erased would come back.
    """
    number = int(reader.query(LATEST)[0][0])
    if number <= known.number:
        return known
    key = erasure_key(settings)
    rows = reader.query(_ALL)
    if {by for *_, by in rows} != {key_id(key)}:
        raise SettingError("FOOTFALL_ERASURE_KEY isn't the key with which people were erased: they would come back")
    return Tombstones(key, (Tombstone(kind, int(bucket), digest) for kind, bucket, digest, _ in rows), number=number)


class Seen:
    """What an owner of partitions says of the tombstones that it has taken up. Each method blocks, and is for the
    thread that writes the owner's rows: so it speaks after all that was handed to that thread before.

    Parameters
    ----------
    worker
        Its name in ``assignments``.
    reader
        Tells a text worker from a scoring one of that name.
    stop
        Once set, an outage isn't waited for.
    """

    def __init__(self, settings: Settings, *, worker: str, stop: threading.Event, reader: str = "") -> None:
        self._worker = worker
        self._reader = reader
        self._writer = Writer(settings, stop=stop)
        self._said: tuple[int, frozenset[int]] = 0, frozenset()

    def knows(self, number: int, epochs: Collection[int]) -> bool:
        """Whether that was said. From any thread."""
        said, by = self._said
        return number == said and by.issuperset(epochs)

    def say(self, number: int, epochs: Collection[int]) -> None:
        """Under these ``epochs`` nothing is written from now on about who was erased up to ``number``."""
        columns: dict[str, Column] = {
            "worker": [self._worker] * len(epochs),
            "reader": [self._reader] * len(epochs),
            "epoch": np.array(sorted(epochs), dtype=np.uint64),
            "number": np.full(len(epochs), number, dtype=np.uint64),
            "seen_ms": np.full(len(epochs), time.time_ns() // 1_000_000),
        }
        token = f"erasures_seen-{self._worker}-{self._reader}-{number}-{sorted(epochs)}"
        self._writer.insert("erasures_seen", columns, token=token)
        self._said = number, frozenset(epochs)

    def close(self) -> None:
        """Disconnect."""
        self._writer.close()

    def say_gone(self, epochs: Collection[int]) -> None:
        """Nothing is written from now on at all."""
        try:
            self.say(GONE, epochs)
        except FootfallError as error:
            logger.warning("an erasure will have to be told that this worker has left: %s", error)
