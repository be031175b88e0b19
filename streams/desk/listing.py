"""Alerts with their standing, for those who work them off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from schemas.alerts import COLUMNS, Alert, Kind, from_columns
from streams.clickhouse.reader import Reader
from streams.desk import given
from streams.desk.standing import WAITING, State, standing_sql, terms
from streams.errors import Invalid
from streams.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Times are Unix milliseconds by the clock, but those of labels, which are event times; 0 or empty for none."""

    state: State
    since_ms: int
    """From which on it has waited for somebody, or will: raised, or the end of its snooze."""
    verdict: str
    """Of the label that counts."""
    said_by: str
    """Empty also where the label didn't come from the desk."""
    acked_ms: int
    """The first acknowledgement."""
    last_label: str
    """``event_id`` of the last label, whatever it says, and its time."""
    last_said_ms: int
    snoozed_until_ms: int
    escalated_ms: int
    suppressed_by: str


@dataclass(frozen=True, kw_only=True)
class Listed:
    alert: Alert
    standing: Standing

    def to_dict(self) -> dict[str, Any]:
        """The alert as on its topic, with the standing beside it."""
        return {**msgspec.to_builtins(self.alert), **asdict(self.standing)}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which alerts; by default those that wait."""

    states: Sequence[State] = ("open",)
    """Empty for any."""
    kind: Kind | None = None
    since_ms: int | None = None
    """Only those raised then or later, by the clock."""
    user: str | None = None
    min_score: float = 0.0

    def condition(self) -> tuple[str, dict[str, Any]]:
        """On the alerts themselves: SQL for WHERE, and its parameters."""
        parts = ["score >= %(min_score)s"]
        params: dict[str, Any] = {"min_score": self.min_score}
        if self.states and {"open", "snoozed"}.issuperset(self.states):
            parts.append(WAITING)
        if self.kind is not None:
            parts.append("kind = %(kind)s")
            params["kind"] = self.kind
        if self.since_ms is not None:
            parts.append("raised_ms >= %(since_ms)s")
            params["since_ms"] = self.since_ms
        if self.user is not None:
            parts.append("user_id = %(user)s")
            params["user"] = given.text("A shopper's id", self.user)
        return " AND ".join(parts), params


_STANDING = tuple(Standing.__dataclass_fields__)
_KEY = "alert_id, kind, toUnixTimestamp64Milli(ts) AS ts_ms"
_ALERT = ", ".join("toUnixTimestamp64Milli(ts) AS ts_ms" if name == "ts" else name for name in COLUMNS)

FEW = 100
"""Ids that a query names itself; more come as a table."""
PAGE = 1_000
"""Alerts that one query reads whole. It names them itself: whoever may only read can't bring a table along."""

_WHOLE = f"""
SELECT {_ALERT} FROM alerts FINAL
WHERE kind IN %(kinds)s AND alert_id IN %(alert_ids)s
AND ts IN (SELECT fromUnixTimestamp64Milli(arrayJoin(CAST(%(ts_ms)s, 'Array(Int64)')), 'UTC'))
"""  # noqa: S608 - own names


def listed(reader: Reader, settings: Settings, selection: Selection, *, now_ms: int, limit: int) -> list[Listed]:
    """The selected alerts, those raised last first. Blocks: a second for a million alerts. Raises ``Invalid`` for what
    can't be anybody's id, and as ``Reader`` does."""
    condition, params = selection.condition()
    where = "WHERE state IN %(states)s" if selection.states else ""
    found = reader.columns(
        f"SELECT {_KEY}, {', '.join(_STANDING)} FROM {standing_sql(condition)} {where}"  # noqa: S608 - own names
        " ORDER BY raised_ms DESC, alert_id LIMIT %(limit)s",
        terms(settings, now_ms=now_ms) | params | {"states": list(selection.states), "limit": limit},
    )
    return _whole(reader, found)


def of_ids(reader: Reader, settings: Settings, alert_ids: Sequence[str], *, now_ms: int) -> list[Listed]:
    """The named alerts, each once, in the order given. Raises ``Invalid`` where one isn't there, otherwise as
    :func:`listed`."""
    asked = given.ids(alert_ids)
    is_few = len(asked) <= FEW
    condition = "alert_id IN %(asked)s" if is_few else "alert_id IN asked"
    found = reader.columns(
        f"SELECT {_KEY}, {', '.join(_STANDING)} FROM {standing_sql(condition)}",  # noqa: S608 - own names
        terms(settings, now_ms=now_ms) | ({"asked": asked} if is_few else {}),
        tables={} if is_few else {"asked": {"alert_id": ("String", asked)}},
    )
    by_id = {one.alert.alert_id: one for one in _whole(reader, found)}
    missing = [alert_id for alert_id in asked if alert_id not in by_id]
    if missing:
        more = f", nor are {len(missing) - 1} more of the {len(asked)} given" if len(missing) > 1 else ""
        raise Invalid(f"There is no alert {missing[0]!r}{more}")
    return [by_id[alert_id] for alert_id in asked]


def _whole(reader: Reader, found: Mapping[str, Any]) -> list[Listed]:
    """In the order found."""
    if not found or not len(found["alert_id"]):
        return []
    alerts: dict[str, Alert] = {}
    for first in range(0, len(found["alert_id"]), PAGE):
        page = slice(first, first + PAGE)
        keys = {"alert_ids": list(found["alert_id"][page]), "ts_ms": found["ts_ms"][page].tolist()}
        whole = reader.columns(_WHOLE, keys | {"kinds": sorted(set(found["kind"][page]))})
        if whole:
            alerts |= {alert.alert_id: alert for alert in from_columns({**whole, "ts": whole["ts_ms"]})}
    columns = (found[name] if isinstance(found[name], list) else found[name].tolist() for name in _STANDING)
    standings = (Standing(**dict(zip(_STANDING, row, strict=True))) for row in zip(*columns, strict=True))
    return [
        Listed(alert=alerts[alert_id], standing=standing)
        for alert_id, standing in zip(found["alert_id"], standings, strict=True)
        if alert_id in alerts  # or it was erased in between
    ]
