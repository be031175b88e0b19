"""The duty of telling operators that alerts wait for somebody: on ``alerts.system``, a digest of a kind of alerts, at
most one in ``alert_escalate_minutes``.

An alert is in one digest, once it has waited for as long and is still open; in another only if it was snoozed since.
Those that have expired, or that nobody was sent, are in none. Time is the clock's, so of a history that is replayed all
alerts are new, and few digests tell of them. Written in this order:

1. which alerts the next digest is about, into ``alert_escalations``, under its number
2. the digest, into ``system_alerts`` and to the topic; all of it, its id and its time among it, follows from these rows
3. a row in ``alert_digests``: it is told

So whoever comes after a crash ends the digest that was begun, with the same message, before there is another. Two
leaders at once that find the same alerts tell the same digest; what only one of them found makes it another, so that
none is left out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.alerts import ALERTED, Kind, SystemAlert, system_alert_id
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.desk.standing import WAITING, standing_sql, terms
from streams.leader.telling import tell
from streams.settings import Settings
from streams.worker.delivery import Delivery

MINUTE_MS = 60_000

_LATEST = """
SELECT max(number), (SELECT max(number) FROM alert_escalations WHERE kind = %(kind)s), max(at_ms)
FROM alert_digests WHERE kind = %(kind)s
"""

_CANDIDATES = f"kind = %(kind)s AND suppressed_by = '' AND raised_ms <= %(waiting_since_ms)s AND {WAITING}"

_CLAIM = f"""INSERT INTO alert_escalations (kind, number, alert_id, since_ms, score, at_ms)
SELECT kind, %(number)s, alert_id, since_ms, score, %(now_ms)s FROM {standing_sql(_CANDIDATES)}
WHERE state = 'open' AND since_ms <= %(waiting_since_ms)s AND (escalated_ms = 0 OR escalated_ms < snoozed_until_ms)
"""  # noqa: S608 - own constants

_CLAIMED = """
SELECT count(), min(since_ms), max(score), min(at_ms), toString(groupBitXor(sipHash64(alert_id)))
FROM (
    SELECT alert_id, min(since_ms) AS since_ms, max(score) AS score, min(at_ms) AS at_ms FROM alert_escalations
    WHERE kind = %(kind)s AND number = %(number)s GROUP BY alert_id
)
"""


class Claimed(NamedTuple):
    """What a digest is about."""

    alerts: int
    oldest_ms: int
    """From which on the oldest has waited."""
    highest: float
    """Score."""
    at_ms: int
    which: str
    """Depends on which alerts they are."""


class Escalation:
    """A :class:`~streams.leader.duty.Duty`. Does nothing where ``alert_escalate_minutes`` is 0."""

    name = "escalation"
    every_s = 15.0

    def __init__(
        self, settings: Settings, delivery: Delivery, *, clock_ms: Callable[[], int], stop: threading.Event
    ) -> None:
        self._settings = settings
        self._limit_ms = settings.alert_escalate_ms
        self._delivery = delivery
        self._clock_ms = clock_ms
        self._reader = Reader(settings, stop=stop)
        self._writer = Writer(settings, stop=stop)

    def run(self) -> bool:
        """A digest of each kind at most: a second or two for a million alerts."""
        if self._limit_ms:
            for kind in ALERTED:
                self._look(kind)
        return False

    def close(self) -> None:
        self._reader.close()
        self._writer.close()

    def _look(self, kind: Kind) -> None:
        now_ms = self._clock_ms()
        ((told, begun, at_ms),) = self._reader.query(_LATEST, {"kind": kind})
        if begun > told:
            self._tell(kind, begun)
        elif now_ms >= at_ms + self._limit_ms:
            waiting = {"kind": kind, "number": told + 1, "waiting_since_ms": now_ms - self._limit_ms}
            self._reader.query(_CLAIM, terms(self._settings, now_ms=now_ms) | waiting)
            self._tell(kind, told + 1)

    def _tell(self, kind: Kind, number: int) -> None:
        """The digest, if it is about anything."""
        (row,) = self._reader.query(_CLAIMED, {"kind": kind, "number": number})
        claimed = Claimed(*row)
        if not claimed.alerts:
            return
        digest = digest_of(kind, number, claimed, self._limit_ms)
        tell([digest], self._settings, self._writer, self._delivery)
        done = {
            "kind": kind,
            "number": number,
            "system_alert_id": digest.alert_id,
            "alerts": claimed.alerts,
            "at_ms": claimed.at_ms,
        }
        token = f"alert_digests-{digest.alert_id}"
        self._writer.insert("alert_digests", {name: [value] for name, value in done.items()}, token=token)


def digest_of(kind: Kind, number: int, claimed: Claimed, limit_ms: int) -> SystemAlert:
    day = datetime.fromtimestamp(claimed.at_ms / 1000, UTC).date().isoformat()
    since = datetime.fromtimestamp(claimed.oldest_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    limit = limit_ms / MINUTE_MS
    many = f"{claimed.alerts:,} alerts of {kind} have" if claimed.alerts > 1 else f"An alert of {kind} has"
    return SystemAlert(
        alert_id=system_alert_id("alerts.unacked", kind, f"digest {number} of {claimed.which}", ""),
        kind="alerts.unacked",
        model="",
        subject=kind,
        day=day,
        value=(claimed.at_ms - claimed.oldest_ms) / MINUTE_MS,
        threshold=limit,
        text=(
            f"{many} waited for {limit:g} min or longer without being acknowledged:"
            f" the oldest since {since} UTC, the highest score {claimed.highest:.2f}."
        ),
        raised_ms=claimed.at_ms,
    )
