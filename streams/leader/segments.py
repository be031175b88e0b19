"""The duty of looking who has entered and left which segment, and of telling it on ``segments.changes``, each change
once.

A round is as of an event time, that of the clock, and there is none before anything has come since the last one. Event
time never goes back: where the clock stands still, or steps back for a partition that was asleep, a round is a
millisecond after the last. ClickHouse holds the shoppers against the members and writes down who moves; then, page by
page of at most ``PAGE_CHANGES``:

1. the changes are sent to their topic, and the broker's word is waited for
2. the members are brought up to date: these changes are done

and once no page is left, a row in ``segment_rounds``: the round is done. A change is the shopper's first, second or
third of a segment, and its id depends on that alone. So two leaders at once find the same changes under the same ids,
and whoever comes after a crash ends the round that was begun: what may not have been delivered is sent, once more at
worst, before anybody looks for further changes. Changes that a crash kept from being written are found by the next
round, with its reasons and at its time. What one leader has done of the changes, another with the same ones leaves out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from schemas.segments.moves import moves_sql
from schemas.topics import SEGMENT_CHANGES, TopicNames
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.leader.watermark import watermark_ms
from streams.segments.changes import COLUMNS, changes_of
from streams.segments.files import segments_of
from streams.segments.rounds import Seen, begun_ms, last_done, seen
from streams.settings import Settings
from streams.worker.delivery import Delivery, Message

PAGE_CHANGES = 20_000
"""Sent at once: about 10 MB, and half a second."""

_PAGE = f"""
SELECT {COLUMNS}
FROM segment_changes
LEFT ANY JOIN (
    SELECT segment, user_id, max(number) AS done FROM segment_members WHERE at_ms >= %(at_ms)s GROUP BY segment, user_id
) AS members USING (segment, user_id)
WHERE at_ms = %(at_ms)s AND (segment, user_id) > (%(segment)s, %(user_id)s) AND number > done
ORDER BY segment, user_id, number DESC, written_ms DESC
LIMIT 1 BY segment, user_id
LIMIT %(limit)s
"""  # noqa: S608 - a constant

_COUNTED = """
SELECT countIf(change = 'enter'), countIf(change = 'leave') FROM segment_changes FINAL WHERE at_ms = %(at_ms)s
"""


@dataclass(kw_only=True)
class _Round:
    """As far as it has come."""

    at_ms: int
    seen: Seen
    segment: str = ""
    user_id: str = ""
    """The last change that is done, of those that this leader did."""


class SegmentRounds:
    """A :class:`~streams.leader.duty.Duty`.

    Parameters
    ----------
    page_changes
        Of a page, at most.
    """

    name = "segments"

    def __init__(
        self,
        settings: Settings,
        delivery: Delivery,
        *,
        clock_ms: Callable[[], int],
        stop: threading.Event,
        page_changes: int = PAGE_CHANGES,
    ) -> None:
        self.every_s = settings.segment_interval_s
        self._segments = list(segments_of(settings).values())
        self._holdout = settings.segment_holdout
        self._deadline_s = settings.outage_deadline_s
        self._topic = TopicNames(prefix=settings.topic_prefix).on_broker(SEGMENT_CHANGES)
        self._delivery = delivery
        self._clock_ms = clock_ms
        self._page_changes = page_changes
        self._reader, self._writer = Reader(settings, stop=stop), Writer(settings, stop=stop)
        self._round: _Round | None = None
        self._is_settled = False  # whether all rounds that were begun are done

    def run(self) -> bool:
        """A look at all shoppers, which takes a second a million, or a page of its changes."""
        current, self._round = self._round, None
        is_settled, self._is_settled = self._is_settled, False  # after an exception it begins again
        if current is None and not is_settled:
            current = self._broken_off()
        if current is None:
            current = self._begun()
        if current is None:
            self._is_settled = True
            return False
        if self._page(current) == self._page_changes:
            self._round = current
        else:
            self._end(current)
        return True

    def close(self) -> None:
        self._round, self._is_settled = None, False
        self._reader.close()
        self._writer.close()

    def _broken_off(self) -> _Round | None:
        """A round that has changes and isn't done; of others there is nothing left to do."""
        at_ms = begun_ms(self._reader)
        return _Round(at_ms=at_ms, seen={}) if at_ms else None

    def _begun(self) -> _Round | None:
        """A new round, its changes written down; one that another leader began meanwhile comes before it. None without
        segments, too: a folder that holds none is taken for a mistake, and nobody leaves."""
        now = seen(self._reader)
        clock_ms, last = watermark_ms(self._reader), last_done(self._reader)
        if not self._segments or not clock_ms or now == last.seen:
            return None
        at_ms = max(clock_ms, last.at_ms + 1)
        moves = moves_sql(self._segments, now=f"toInt64({at_ms:d})", holdout=self._holdout)
        self._reader.query(
            "INSERT INTO segment_changes"  # noqa: S608 - own names
            " (segment, user_id, number, change, reason, score, held_out, change_id, at_ms, written_ms)"
            f" SELECT *, {at_ms:d}, {self._clock_ms():d} FROM ({moves})"
        )
        earlier = self._broken_off()
        return earlier if earlier and earlier.at_ms < at_ms else _Round(at_ms=at_ms, seen=now)

    def _page(self, current: _Round) -> int:
        """How many changes there were on it."""
        about = {"at_ms": current.at_ms, "segment": current.segment, "user_id": current.user_id}
        page = self._reader.columns(_PAGE, about | {"limit": self._page_changes})
        changes = changes_of(page)
        if changes:
            messages = [
                Message(self._topic, change.change_id.encode(), change.to_json(), beside=change.user_id.encode())
                for change in changes
            ]
            self._delivery.send(messages).result(self._deadline_s)
            members = {name: page[name] for name in ("segment", "user_id", "number", "at_ms", "reason", "held_out")}
            members["inside"] = [change.change == "enter" for change in changes]
            # The same page has the same changes, whoever writes it: those of a round never change once it is told.
            token = f"segment_members-{current.at_ms}-{changes[0].change_id}-{changes[-1].change_id}"
            self._writer.insert("segment_members", members, token=token)
            current.segment, current.user_id = changes[-1].segment, changes[-1].user_id
        return len(changes)

    def _end(self, current: _Round) -> None:
        ((entered, left),) = self._reader.query(_COUNTED, {"at_ms": current.at_ms})
        now_ms = self._clock_ms()
        row = {"at_ms": current.at_ms, "entered": entered, "left": left, "written_ms": now_ms, "seen": current.seen}
        token = f"segment_rounds-{current.at_ms}-{now_ms}"
        self._writer.insert("segment_rounds", {name: [value] for name, value in row.items()}, token=token)
