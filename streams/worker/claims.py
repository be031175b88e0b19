"""What the new owner of a partition has to know: the epoch it writes under, and what is done already."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.duplicates import DuplicateWindow
from schemas.ledger import LedgerRow, recent_identities, tile
from schemas.topics import BEHAVIOUR
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer

TopicPartition = tuple[str, int]

_LEDGER_COLUMNS = ("first", "last", "epoch", "records", "rows", "duplicates", "dead_letters", "max_ts_ms", "identities")


@dataclass
class Log:
    """How far a topic's partition is processed, and the events that came last."""

    epoch: int
    window: DuplicateWindow
    position: int = -1
    """Offset of the last record that was processed; what comes at or before it is nothing new."""


@dataclass
class Claims:
    """The topics' partitions that this worker owns."""

    worker: str
    duplicate_window: int
    logs: dict[TopicPartition, Log] = field(default_factory=dict)

    def take(
        self, reader: Reader, writer: Writer, wanted: Collection[TopicPartition], now_ms: int
    ) -> set[TopicPartition]:
        """Claims ``wanted`` and drops the rest. Returns those that others may have written to since, or ever.

        A log that is still here, and whose epoch nobody has outbid, is as it was left. For all others a new epoch is
        written down first; from then on what an earlier owner may still write is overruled.
        """
        epochs = {
            (topic, partition): int(epoch)
            for topic, partition, epoch in reader.query(
                "SELECT topic, partition, max(epoch) FROM assignments GROUP BY topic, partition"
            )
        }
        self.logs = {key: log for key, log in self.logs.items() if key in wanted and log.epoch == epochs.get(key)}
        new = set(wanted) - self.logs.keys()
        new |= {key for key in wanted if key[0] in BEHAVIOUR and any((topic, key[1]) in new for topic in BEHAVIOUR)}
        if not new:
            return new
        epoch = max([now_ms // 1000, *(1 + epochs.get(key, 0) for key in new)])
        columns: dict[str, Any] = {
            "topic": [topic for topic, _ in new],
            "partition": np.array([partition for _, partition in new]),
            "epoch": np.full(len(new), epoch, dtype=np.uint64),
            "worker": [self.worker] * len(new),
            "assigned_ms": np.full(len(new), now_ms),
        }
        writer.insert("assignments", columns, token=f"{self.worker}-{epoch}-{now_ms}")
        for key in new:
            self.logs[key] = self._log(reader, key, epoch)
        return new

    def _log(self, reader: Reader, key: TopicPartition, epoch: int) -> Log:
        """From the end of the ledger: the rows of the last ``duplicate_window`` offsets."""
        where = "topic = %(topic)s AND partition = %(partition)s"
        params = {"topic": key[0], "partition": key[1], "window": self.duplicate_window}
        starts = reader.query(f"SELECT epoch, min(first) FROM ledger WHERE {where} GROUP BY epoch", params)  # noqa: S608
        found = reader.columns(
            f"SELECT {', '.join(_LEDGER_COLUMNS)} FROM ledger FINAL WHERE {where} AND "  # noqa: S608 - constants
            f"last >= (SELECT max(last) FROM ledger WHERE {where}) - %(window)s",
            params,
            raw=("identities",),
        )
        rows = zip(*(found[name] for name in _LEDGER_COLUMNS), strict=True) if found else ()
        tiling = tile((LedgerRow(**dict(zip(_LEDGER_COLUMNS, row, strict=True))) for row in rows), dict(starts))
        window = DuplicateWindow(window=self.duplicate_window)
        window.admit(*recent_identities(tiling, self.duplicate_window))
        return Log(epoch=epoch, window=window, position=tiling.last)
