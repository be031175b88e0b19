"""The duty of telling risks: verdicts on purchases, counted for what was paid with and to whom, as they come in.

What is counted follows from the tables ``labels``, ``alerts`` and ``events`` alone. A leader that begins, or finds that
another has told risks meanwhile, counts the labels of the last months anew before it tells any, and its rows overrule
all before. So nothing else has to be kept, and no crash counts a label twice.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from models.partition import INSTRUMENTS
from models.risk import RiskBook
from schemas.events import EVENT_TYPES, AlertAck, FraudLabel
from schemas.risks import MEMORY_MS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings

PAGE_LABELS = 5_000
"""Counted at a time: some 50 ms."""
WAITING_LABELS = 5_000
"""Labels that may wait for their purchase or alert, at most: the newest. The others are about nothing we know."""
WAITING_EVERY_S = 10.0
"""How often it is looked whether what they wait for has come."""

_KINDS = {"direct": FraudLabel.code, "acknowledged": AlertAck.code, "purchase": EVENT_TYPES["purchase"]}

_LATEST = "SELECT max(version) FROM risks"

_TOLD = "SELECT kind, id, last_ms FROM risks FINAL WHERE frauds != 0"

_SINCE = "SELECT toUnixTimestamp64Milli(max(ts)) FROM labels WHERE type_code IN (%(direct)s, %(acknowledged)s)"

_PAGE = """
SELECT labels.partition AS partition, labels.offset AS offset, labels.user_id AS user_id, labels.event_id AS label
FROM labels LEFT JOIN taken ON labels.partition = taken.partition
WHERE labels.type_code IN (%(direct)s, %(acknowledged)s) AND labels.ts >= fromUnixTimestamp64Milli(%(since_ms)s)
AND labels.offset >= taken.next
ORDER BY partition, offset
LIMIT %(limit)s
"""

_VERDICTS = """
SELECT said.user_id AS user_id, said.label AS label, said.partition AS partition, said.offset AS offset,
    said.said_ms AS said_ms, said.verdict AS verdict, said.scored AS scored,
    purchases.event_id != '' AS is_known, toUnixTimestamp64Milli(purchases.ts) AS ts_ms,
    purchases.device AS device, purchases.card AS card, purchases.ip AS ip, purchases.merchant AS merchant
FROM (
    SELECT labels.user_id AS user_id, labels.event_id AS label, labels.partition AS partition, labels.offset AS offset,
        toUnixTimestamp64Milli(labels.ts) AS said_ms, labels.verdict AS verdict,
        if(labels.type_code = %(direct)s, labels.target, alerted.event_id) AS scored
    FROM labels
    LEFT ANY JOIN (SELECT alert_id, user_id, event_id FROM alerts WHERE kind = 'fraud') AS alerted
    ON labels.target = alerted.alert_id AND labels.user_id = alerted.user_id
    WHERE labels.user_id IN shoppers AND labels.type_code IN (%(direct)s, %(acknowledged)s)
    AND labels.verdict != 'ignore' AND labels.ts >= fromUnixTimestamp64Milli(%(since_ms)s)
) AS said
LEFT ANY JOIN (
    SELECT user_id, event_id, ts, device, card, ip, merchant FROM events
    WHERE user_id IN shoppers AND type_code = %(purchase)s
) AS purchases
ON said.user_id = purchases.user_id AND said.scored = purchases.event_id
"""


class Label(NamedTuple):
    """The identity of a label."""

    user_id: str
    label: str


class Change(NamedTuple):
    """What becomes of one purchase."""

    ts_ms: int
    named: tuple[str, ...]  # by INSTRUMENTS
    is_fraud: bool
    is_correction: bool


@dataclass
class Counted:
    """Which labels are in the book. Lost with any failure, and counted anew then."""

    book: RiskBook
    since_ms: int
    """Event time from which on labels count."""
    next: dict[int, int] = field(default_factory=dict)
    """By partition, the offset of the first label that hasn't been looked at."""
    waiting: dict[Label, None] = field(default_factory=dict)
    """Labels whose purchase or alert wasn't there when it was last looked, at ``looked_s``."""
    looked_s: float = float("-inf")
    told: int = 0
    """The version of the book that workers know."""


class TellingRisks:
    """A :class:`~streams.leader.duty.Duty`."""

    name = "tell risks"
    every_s = 2.0

    def __init__(self, settings: Settings, *, clock_ms: Callable[[], int], stop: threading.Event) -> None:
        self._reader = Reader(settings, stop=stop)
        self._writer = Writer(settings, stop=stop)
        self._clock_ms = clock_ms
        self._counted: Counted | None = None

    def run(self) -> bool:
        """A page of labels."""
        counted, self._counted = self._counted, None
        latest = int(self._reader.query(_LATEST)[0][0])
        if counted is None or latest > counted.book.version:
            counted = self._begin(latest)
        page = self._page(counted)
        has_more = len(page) == PAGE_LABELS
        if page or (counted.waiting and time.monotonic() > counted.looked_s + WAITING_EVERY_S):
            self._count(counted, page.values())
            counted.next |= {partition: offset + 1 for partition, offset in page}
        if counted.told or not has_more:
            self._tell(counted)
        self._counted = counted
        return has_more

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
        self._counted = None

    def _begin(self, latest: int) -> Counted:
        epoch = max(RiskBook.epoch_of(latest) + 1, self._clock_ms() // 1000)
        newest_ms = int(self._reader.query(_SINCE, _KINDS)[0][0])
        book = RiskBook(epoch=epoch)
        book.overrule(self._reader.columns(_TOLD))
        return Counted(book=book, since_ms=max(newest_ms - MEMORY_MS, 0))

    def _page(self, counted: Counted) -> dict[tuple[int, int], Label]:
        """The next labels, by partition and offset."""
        taken = {
            "partition": ("Int32", list(counted.next)),
            "next": ("Int64", list(counted.next.values())),
        }
        params = _KINDS | {"since_ms": counted.since_ms, "limit": PAGE_LABELS}
        found = self._reader.columns(_PAGE, params, tables={"taken": taken})
        places = zip(found["partition"].tolist(), found["offset"].tolist(), strict=True)
        return dict(zip(places, map(Label, found["user_id"], found["label"]), strict=True))

    def _count(self, counted: Counted, page: Iterable[Label]) -> None:
        """Enters what the labels of the page, and those that wait, change."""
        new = counted.waiting | dict.fromkeys(page)
        shoppers = {"user_id": ("String", list(dict.fromkeys(label.user_id for label in new)))}
        rows = self._reader.columns(_VERDICTS, _KINDS | {"since_ms": counted.since_ms}, tables={"shoppers": shoppers})
        changes, unknown = _changes(rows, new, counted.next)
        counted.waiting, counted.looked_s = dict.fromkeys(list(unknown)[-WAITING_LABELS:]), time.monotonic()
        for is_correction, enter in ((False, counted.book.add), (True, counted.book.correct)):
            entered = [change for change in changes if change.is_correction == is_correction]
            ts = np.array([change.ts_ms for change in entered], dtype=np.int64)
            is_fraud = np.array([change.is_fraud for change in entered], dtype=np.bool_)
            for place, kind in enumerate(INSTRUMENTS):
                enter(kind, [change.named[place] for change in entered], ts, is_fraud)
        counted.book.forget_before(counted.since_ms)

    def _tell(self, counted: Counted) -> None:
        rows = counted.book.changed_since(counted.told)
        if len(rows["id"]):
            self._writer.insert("risks", rows, token=f"risks-{counted.book.version}")
        counted.told = counted.book.version


def _changes(
    rows: Mapping[str, Any], new: Mapping[Label, None], next_offset: Mapping[int, int]
) -> tuple[list[Change], dict[Label, None]]:
    """What becomes of the purchases that ``new`` labels are about, and the labels whose purchase isn't known.

    Of several verdicts on one purchase the last by event time counts. Labels that are neither new nor before
    ``next_offset`` of their partition have their turn later.
    """
    verdicts = defaultdict(list)
    purchases = {}
    unknown = dict[Label, None]()
    columns = ("user_id", "label", "partition", "offset", "said_ms", "verdict", "scored", "is_known", "ts_ms")
    for user_id, name, partition, offset, said_ms, verdict, scored, is_known, ts_ms, *named in zip(
        *(rows[column] for column in (*columns, *INSTRUMENTS)), strict=True
    ):
        label = Label(user_id, name)
        is_new = label in new
        if is_known and (is_new or offset < next_offset.get(partition, 0)):
            verdicts[user_id, scored].append(((said_ms, name), verdict == "fraud", is_new))
            purchases[user_id, scored] = int(ts_ms), tuple(named)
        elif is_new:
            unknown[label] = None
    changes = []
    for purchase, said in verdicts.items():
        _, is_fraud, _ = max(said)
        counted = [one for one in said if not one[2]]
        if not counted:
            changes.append(Change(*purchases[purchase], is_fraud, is_correction=False))
        elif max(counted)[1] != is_fraud:
            changes.append(Change(*purchases[purchase], is_fraud, is_correction=True))
    return changes, unknown
