"""Spells of overload, as operators are told of them: once when one begins and once when it ends.

The table ``system_alerts`` keeps which have begun and not ended, by the partition that lagged most. So whoever takes
that partition over goes on with the spell: it isn't told anew, and its end is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from schemas.alerts import SYSTEM_COLUMNS, SystemAlert, system_alert_id
from streams.clickhouse.reader import Reader
from streams.text.lag import Overload

_LATEST = f"""
SELECT {", ".join(SYSTEM_COLUMNS)} FROM system_alerts FINAL WHERE kind = 'text.lag' AND subject IN %(subjects)s
ORDER BY raised_ms DESC LIMIT 1 BY subject
"""  # noqa: S608 - own columns


def open_spells(reader: Reader, partitions: Collection[int]) -> list[SystemAlert]:
    """The beginnings of those that haven't ended. Blocks."""
    if not partitions:
        return []
    rows = reader.query(_LATEST, {"subjects": [_subject(partition) for partition in sorted(partitions)]})
    alerts = [SystemAlert(**dict(zip(SYSTEM_COLUMNS, row, strict=True))) for row in rows]
    return [alert for alert in alerts if alert.value > alert.threshold]


class Spells:
    """Of a worker, while it has the same partitions.

    Parameters
    ----------
    model
        Name of the text model.
    limit_s
        The lag that is too long.
    begun
        Those that go on, of :func:`open_spells`.
    """

    def __init__(self, model: str, *, limit_s: float, begun: Sequence[SystemAlert] = ()) -> None:
        self._model = model
        self._overload = Overload(limit_s=limit_s, is_over=bool(begun))
        self._begun = list(begun)

    @property
    def is_over(self) -> bool:
        """Whether the lag is too long."""
        return self._overload.is_over

    def note(self, lags_s: Mapping[int, float], *, now_ms: int) -> list[SystemAlert]:
        """Take in the lags by partition; what is to be told."""
        partition = max(lags_s, key=lags_s.__getitem__, default=0)
        lag_s = lags_s.get(partition, 0.0)
        is_over = self._overload.note(lag_s, now_s=now_ms / 1000)
        if is_over and not self._begun:
            self._begun = [_beginning(self._model, partition, lag_s, self._overload.limit_s, now_ms)]
            return list(self._begun)
        if not is_over and self._begun:
            begun, self._begun = self._begun, []
            return [_ending(one, lag_s, now_ms) for one in begun]
        return []


def _beginning(model: str, partition: int, lag_s: float, limit_s: float, now_ms: int) -> SystemAlert:
    subject, day = _subject(partition), _day(now_ms)
    return SystemAlert(
        alert_id=system_alert_id("text.lag", model, f"{subject} since {now_ms}", day),
        kind="text.lag",
        model=model,
        subject=subject,
        day=day,
        value=lag_s,
        threshold=limit_s,
        text=f"the text workers are {lag_s:.0f} s behind on reviews, {subject}; told from {limit_s:g} s on",
        raised_ms=now_ms,
    )


def _ending(begun: SystemAlert, lag_s: float, now_ms: int) -> SystemAlert:
    at_ms = max(now_ms, begun.raised_ms + 1)  # also where the clock went back it is the later one
    lasted_s = (at_ms - begun.raised_ms) / 1000
    return SystemAlert(
        alert_id=system_alert_id("text.lag", begun.model, f"{begun.alert_id} ended", _day(at_ms)),
        kind="text.lag",
        model=begun.model,
        subject=begun.subject,
        day=_day(at_ms),
        value=min(lag_s, begun.threshold),
        threshold=begun.threshold,
        text=f"the text workers have caught up on reviews, {begun.subject}, after {lasted_s:.0f} s",
        raised_ms=at_ms,
    )


def _subject(partition: int) -> str:
    return f"partition {partition}"


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
