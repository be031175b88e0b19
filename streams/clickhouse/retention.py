"""The tables' times to live, brought up to date with the settings, and a record of how long rows were kept."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from clickhouse_driver import Client

from schemas.retention import (
    AFTER_HORIZON_DAYS,
    AFTER_SCORES_DAYS,
    CERTAINTY_MS,
    EXPIRIES,
    LEAST_DAYS,
    Expiry,
    Kept,
    gone_before,
)
from streams.clickhouse.reader import Reader
from streams.clickhouse.session import Session
from streams.errors import SettingError
from streams.settings import Settings

_TTL = re.compile(r" TTL (.+?)(?= SETTINGS |$)")


def replace_ttls(
    settings: Settings, session: Session, *, dry_run: bool, report: Callable[[str, list[str]], None]
) -> None:
    """Blocks. ``report`` is called with each table whose time to live changes and the statement before that is run.

    ClickHouse then goes over the rows that there are, in the background. The settings are to be such as :func:`check`
    lets pass.
    """
    there = _there(session)
    for expiry in EXPIRIES:
        days: int = getattr(settings, expiry.setting)
        before, wanted = there.get(expiry.table, ""), expiry.ttl(days)
        if wanted == before:
            continue
        statement = f"ALTER TABLE {expiry.table} " + (f"MODIFY TTL {wanted}" if wanted else "REMOVE TTL")
        report(f"retention of {expiry.table}", [statement])
        if not dry_run:
            _change(session, expiry, days, statement, shorter=_is_shorter(expiry, days, before))


def check(settings: Settings) -> None:
    """Raises ``SettingError`` where something would still look for what has expired."""
    for name, (least, why) in LEAST_DAYS.items():
        _demand(settings, name, least, why)
    horizon = int(max(settings.churn_horizon_days, settings.churn_long_horizon_days)) + AFTER_HORIZON_DAYS
    _demand(settings, "retention_events_days", horizon, "churn is seen by what comes within its horizon")
    if settings.retention_alerts_days:
        needed = "alerts are kept longer than the predictions that labels about them are for"
        if not settings.retention_scores_days:
            raise SettingError(
                f"{_variable('retention_alerts_days')} needs {_variable('retention_scores_days')}: {needed}"
            )
        _demand(settings, "retention_alerts_days", settings.retention_scores_days + AFTER_SCORES_DAYS, needed)


def gone(reader: Reader) -> Mapping[str, int]:
    """By table the time before which rows may have expired, in Unix ms by the table's own clock: event time, or that of
    writing. Tables of which none did aren't in it."""
    periods = defaultdict(list)
    for table, since_ms, days in reader.query("SELECT about, since_ms, days FROM retentions FINAL"):
        periods[table].append(Kept(since_ms, days))
    now_ms = _now_ms()
    found = {table: gone_before(kept, now_ms) for table, kept in periods.items()}
    return {table: before_ms + CERTAINTY_MS for table, before_ms in found.items() if before_ms}


def _demand(settings: Settings, name: str, least: int, why: str) -> None:
    if 0 < (given := getattr(settings, name)) < least:
        raise SettingError(f"{_variable(name)} is {given}, but must be 0 or at least {least}: {why}")


def _variable(name: str) -> str:
    return f"FOOTFALL_{name.upper()}"


def _there(session: Session) -> dict[str, str]:
    """The times to live by table, as ClickHouse writes them; empty for none."""

    def read(client: Client) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = client.execute(
            "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND name IN %(tables)s",
            {"tables": [expiry.table for expiry in EXPIRIES]},
        )
        return rows

    found = ((name, _TTL.search(engine)) for name, engine in session.run("read the times to live", read))
    return {name: ttl[1] if ttl else "" for name, ttl in found}


def _is_shorter(expiry: Expiry, days: int, before: str) -> bool:
    """Whether rows go earlier than they did; so, too, where that can't be told."""
    if not days:
        return False
    kept = re.fullmatch(r".* \+ toIntervalDay\((\d+)\)", before)
    return kept is None or before != expiry.ttl(int(kept[1])) or days < int(kept[1])


def _change(session: Session, expiry: Expiry, days: int, statement: str, *, shorter: bool) -> None:
    """Alter and record, in such an order that the record never says that what is gone was kept."""
    if shorter:
        _record(session, expiry.table, days)
    _alter(session, expiry.table, statement)
    if not shorter:
        _record(session, expiry.table, days)


def _alter(session: Session, table: str, statement: str) -> None:
    session.run(f"retention of {table}", lambda client: client.execute(statement))


def _record(session: Session, table: str, days: int) -> None:
    row = (table, _now_ms(), days)
    sql = "INSERT INTO retentions (about, since_ms, days) VALUES"
    session.run(f"retention of {table}", lambda client: client.execute(sql, [row]))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
