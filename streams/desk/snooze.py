"""Alerts put off until a time, and woken before it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from streams.clickhouse.columns import Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.desk import given
from streams.desk.listing import Listed, of_ids
from streams.settings import Settings


def snooze(
    reader: Reader,
    writer: Writer,
    settings: Settings,
    alert_ids: Sequence[str],
    *,
    until_ms: int,
    said_by: str,
    now_ms: int,
) -> list[Listed]:
    """Put these alerts off, and return them as they were. They wait again from ``until_ms`` on, as if raised then; so
    do those that were put off before, until whenever that was. With ``now_ms`` they are woken.

    Those that don't wait, and wouldn't, are left as they are: acknowledged, suppressed and expired ones. Blocks. Raises
    ``Invalid`` where one isn't there, and then puts none off; otherwise as ``Reader`` and ``Writer`` do.
    """
    given.text("Who says so", said_by)
    found = of_ids(reader, settings, alert_ids, now_ms=now_ms)
    waiting = [one.alert.alert_id for one in found if one.standing.state in ("open", "snoozed")]
    columns: dict[str, Column] = {
        "alert_id": waiting,
        "until_ms": [until_ms] * len(waiting),
        "said_ms": [now_ms] * len(waiting),
        "said_by": [said_by] * len(waiting),
    }
    writer.insert("alert_snoozes", columns, token=f"alert_snoozes-{uuid4()}")
    return found
