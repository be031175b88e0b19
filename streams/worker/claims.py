"""What the new owner of a partition has to know: the epoch it writes under, and what is done already."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from models.duplicates import DuplicateWindow
from schemas.ledger import recent_identities
from schemas.topics import BEHAVIOUR
from streams.clickhouse.ledger import read_end
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.errors import Fatal

TopicPartition = tuple[str, int]


class Start(NamedTuple):
    """The first offset of an epoch on a topic's partition."""

    topic: str
    partition: int
    first: int
    epoch: int


@dataclass
class Log:
    """How far a topic's partition is processed, and the events that came last."""

    epoch: int
    window: DuplicateWindow
    start: int = 0
    """Offset from which on the epoch's rows overrule those of earlier owners."""
    position: int = -1
    """Offset of the last record that was processed; what comes at or before it is nothing new."""
    announced: bool = False
    """Whether the ledger is told of the epoch's start."""


@dataclass
class Claims:
    """The topics' partitions that this worker owns."""

    worker: str
    duplicate_window: int
    logs: dict[TopicPartition, Log] = field(default_factory=dict)
    epochs: set[int] = field(default_factory=set)
    """All that were ever bid here."""

    def take(
        self, reader: Reader, writer: Writer, wanted: Collection[TopicPartition], now_ms: int
    ) -> set[TopicPartition]:
        """Claims ``wanted`` and drops the rest. Returns those that others may have written to since, or ever.

        A log that is still here, and whose epoch nobody has outbid, is as it was left. For all others a new epoch is
        written down first; from then on what an earlier owner may still write is overruled.
        """
        epochs = _epochs(reader)
        self.logs = {key: log for key, log in self.logs.items() if key in wanted and log.epoch == epochs.get(key)}
        new = set(wanted) - self.logs.keys()
        new |= {key for key in wanted if key[0] in BEHAVIOUR and any((topic, key[1]) in new for topic in BEHAVIOUR)}
        if not new:
            return new
        epoch = self._bid(reader, writer, new, epochs, now_ms)
        self.epochs.add(epoch)
        for key in new:
            tiling = read_end(reader, *key, window=self.duplicate_window)
            window = DuplicateWindow(window=self.duplicate_window)
            window.admit(*recent_identities(tiling, self.duplicate_window))
            self.logs[key] = Log(epoch=epoch, window=window, start=tiling.last + 1, position=tiling.last)
        return new

    def starts(self, partitions: Collection[int]) -> list[Start]:
        """Of the behaviour topics of ``partitions``: the epochs' starts that the ledger hasn't been told; once each.

        To be entered before any other row of their epochs, the first of which takes their place.
        """
        found = []
        for key in ((topic, partition) for partition in sorted(partitions) for topic in BEHAVIOUR):
            log = self.logs[key]
            if not log.announced:
                found.append(Start(*key, log.start, log.epoch))
                log.announced = True
        return found

    def _bid(
        self,
        reader: Reader,
        writer: Writer,
        new: Collection[TopicPartition],
        epochs: Mapping[TopicPartition, int],
        now_ms: int,
    ) -> int:
        """Writes down an epoch above all others, and bids again where another worker has bid the same meanwhile."""
        epoch = max([now_ms // 1000, *(1 + epochs.get(key, 0) for key in new)])
        while True:
            columns: dict[str, Any] = {
                "topic": [topic for topic, _ in new],
                "partition": np.array([partition for _, partition in new]),
                "epoch": np.full(len(new), epoch, dtype=np.uint64),
                "worker": [self.worker] * len(new),
                "assigned_ms": np.full(len(new), now_ms),
            }
            writer.insert("assignments", columns, token=f"{self.worker}-{epoch}-{now_ms}")
            rivals = reader.query(
                "SELECT topic, partition FROM assignments WHERE epoch >= %(epoch)s AND worker != %(worker)s",
                {"epoch": epoch, "worker": self.worker},
            )
            if not set(rivals) & set(new):
                return epoch
            epoch += secrets.randbelow(100) + 1


def _epochs(reader: Reader) -> dict[TopicPartition, int]:
    """The highest epoch of each topic's partition."""
    rows = reader.query("SELECT topic, partition, max(epoch) FROM assignments GROUP BY topic, partition")
    return {(topic, partition): int(epoch) for topic, partition, epoch in rows}


def check_copartitioned(partitions: Collection[TopicPartition]) -> None:
    """A shopper's profile has one owner only if all that makes it up has; raises ``Fatal`` otherwise."""
    for partition in {partition for topic, partition in partitions if topic in BEHAVIOUR}:
        away = [topic for topic in BEHAVIOUR if (topic, partition) not in partitions]
        if away:
            raise Fatal(f"partition {partition} of {', '.join(away)} was assigned to another worker than its siblings")
