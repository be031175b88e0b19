"""Alerts with their standing, for those who work them off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from schemas.alerts import COLUMNS, Alert, Kind, from_columns
from streams.clickhouse.reader import Reader
from streams.desk import given
from streams.desk.standing import State, standing_sql, terms
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
        terms = ["score >= %(min_score)s"]
        params: dict[str, Any] = {"min_score": self.min_score}
        if self.kind is not None:
            terms.append("kind = %(kind)s")
            params["kind"] = self.kind
        if self.since_ms is not None:
            terms.append("raised_ms >= %(since_ms)s")
            params["since_ms"] = self.since_ms
        if self.user is not None:
            terms.append("user_id = %(user)s")
            params["user"] = given.text("A shopper's id", self.user)
        return " AND ".join(terms), params


_STANDING = tuple(Standing.__dataclass_fields__)
_COLUMNS = ", ".join(
    "toUnixTimestamp64Milli(ts) AS ts_ms" if name == "ts" else name for name in dict.fromkeys((*COLUMNS, *_STANDING))
)


def listed(reader: Reader, settings: Settings, selection: Selection, *, now_ms: int, limit: int) -> list[Listed]:
    """The selected alerts, those raised last first. Blocks: 0.2 s for a million alerts. Raises ``Invalid`` for what
    can't be anybody's id, and as ``Reader`` does."""
    condition, params = selection.condition()
    where = "WHERE state IN %(states)s" if selection.states else ""
    found = reader.columns(
        f"SELECT {_COLUMNS} FROM {standing_sql(condition)} {where}"  # noqa: S608 - own names, values are parameters
        " ORDER BY raised_ms DESC, alert_id LIMIT %(limit)s",
        terms(settings, now_ms=now_ms) | params | {"states": list(selection.states), "limit": limit},
    )
    return _listed(found)


def of_ids(reader: Reader, settings: Settings, alert_ids: Sequence[str], *, now_ms: int) -> list[Listed]:
    """The named alerts, each once, in the order given. Raises ``Invalid`` where one isn't there, otherwise as
    :func:`listed`."""
    asked = given.ids(alert_ids)
    found = reader.columns(
        f"SELECT {_COLUMNS} FROM {standing_sql('alert_id IN asked')}",  # noqa: S608 - own names
        terms(settings, now_ms=now_ms),
        tables={"asked": {"alert_id": ("String", asked)}},
    )
    by_id = {one.alert.alert_id: one for one in _listed(found)}
    missing = [alert_id for alert_id in asked if alert_id not in by_id]
    if missing:
        more = f", nor are {len(missing) - 1} more of the {len(asked)} given" if len(missing) > 1 else ""
        raise Invalid(f"There is no alert {missing[0]!r}{more}")
    return [by_id[alert_id] for alert_id in asked]


def _listed(found: Mapping[str, Any]) -> list[Listed]:
    if not found:
        return []
    columns = {name: column if isinstance(column, list) else column.tolist() for name, column in found.items()}
    alerts = from_columns({**found, "ts": columns["ts_ms"]})
    standings = zip(*(columns[name] for name in _STANDING), strict=True)
    return [
        Listed(alert=alert, standing=Standing(**dict(zip(_STANDING, standing, strict=True))))
        for alert, standing in zip(alerts, standings, strict=True)
    ]
