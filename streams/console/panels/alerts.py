"""The newest alerts with their standing, as the alert desk has them."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

import msgspec

from schemas.alerts import Kind
from streams.clickhouse.reader import Reader
from streams.console.panels.panel import Panel
from streams.desk.acknowledge import VERDICTS_OF
from streams.desk.listing import Listed, Selection, listed
from streams.desk.standing import State
from streams.settings import Settings


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["any", "fraud", "churn"] = "any"
    state: State | Literal["any"] = "open"
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 25


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    alerts: list[dict[str, Any]]
    """As on their topic, with the standing and with ``takes``: the verdicts that an alert of the kind takes."""
    more: bool
    """Whether there are others beyond the limit."""


def alerts(reader: Reader, settings: Settings, which: Which) -> Alerts:
    kind: Kind | None = None if which.kind == "any" else which.kind
    states = () if which.state == "any" else (which.state,)
    return newest(reader, settings, Selection(states=states, kind=kind), which.limit)


def newest(reader: Reader, settings: Settings, selection: Selection, limit: int) -> Alerts:
    now_ms = int(time.time() * 1000)
    found = listed(reader, settings, selection, now_ms=now_ms, limit=limit + 1)
    return Alerts(alerts=[_shown(one) for one in found[:limit]], more=len(found) > limit)


def _shown(one: Listed) -> dict[str, Any]:
    return one.to_dict() | {"takes": VERDICTS_OF[one.alert.kind]}


PANEL = Panel(alerts, params=Which)
