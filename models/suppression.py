"""Which alerts are sent, where of those about the same only one in a while is to be: one partition's memory of them.

What is remembered of a ``dedupe_key`` is its latest alert by event time that was sent. An alert less than the window
before or after it is suppressed. An alert that is a window or more behind the partition's latest is sent: of such
times nothing is known any more. So what is remembered depends on what was sent and not on the order in which it was,
and can be read from the table of alerts again.

What was decided by an owner that didn't come to acknowledging the records stays as it was decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from models.tombstones import Tombstones
from schemas.alerts import Alert, Suppressed

MOST_KEYS = 100_000
"""Remembered of a partition, 400 bytes each: beyond that, those whose alerts are oldest are forgotten early."""


class Sent(NamedTuple):
    """The latest alert about something."""

    ts: int
    alert_id: str
    user_id: str


class Suppression:
    """Of one partition, which holds all alerts of a shopper. Not thread-safe.

    Parameters
    ----------
    window_ms
        Event time from one alert about the same to the next, at least; 0 suppresses none.
    sent
        What was sent until now: the latest by ``dedupe_key``.
    decided
        Alerts that may come again, and which alert covers each: empty for one that was sent.
    """

    def __init__(
        self,
        window_ms: int,
        *,
        sent: Iterable[tuple[str, Sent]] = (),
        decided: Mapping[str, str] | None = None,
    ) -> None:
        self._window_ms = window_ms
        self._sent = dict(sent)
        self._latest_ms = max((one.ts for one in self._sent.values()), default=0)
        self._decided = dict(decided or {})

    def decide(self, alerts: Sequence[Alert]) -> tuple[list[Alert], list[Suppressed]]:
        """Those to send, and the others, each in the order given; costs nothing where there are none."""
        send, suppressed = [], []
        for alert in alerts:
            by = self._decide(alert)
            if by:
                suppressed.append(Suppressed(alert, by))
            else:
                send.append(alert)
        return send, suppressed

    def _decide(self, alert: Alert) -> str:
        """The alert that covers it, empty if it is to be sent."""
        if not self._window_ms:
            return ""
        decided = self._decided.pop(alert.alert_id, None)
        if decided is not None:
            return decided
        last = self._sent.get(alert.dedupe_key)
        if last is not None and self._covers(last, alert):
            return last.alert_id
        if last is None or alert.ts > last.ts:
            self._sent[alert.dedupe_key] = Sent(alert.ts, alert.alert_id, alert.user_id)
        self._latest_ms = max(self._latest_ms, alert.ts)
        if len(self._sent) > MOST_KEYS:
            self._forget()
        return ""

    def _covers(self, last: Sent, alert: Alert) -> bool:
        """Not itself: an event that comes once more, long after, alerts under the id that it had."""
        is_known = last.ts > self._latest_ms - self._window_ms
        is_near = abs(alert.ts - last.ts) < self._window_ms
        return is_known and is_near and alert.alert_id != last.alert_id

    def forget_erased(self, tombstones: Tombstones) -> None:
        """Forgets what was sent about who was erased."""
        erased = tombstones.among("user", [one.user_id for one in self._sent.values()])
        for key, is_erased in zip(list(self._sent), erased.tolist(), strict=True):
            if is_erased:
                del self._sent[key]

    def _forget(self) -> None:
        latest = sorted(self._sent.items(), key=lambda item: item[1].ts)[-MOST_KEYS // 2 :]
        self._sent = {key: one for key, one in latest if one.ts > self._latest_ms - self._window_ms}
