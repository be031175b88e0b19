"""The views of segments and analysts in ClickHouse, replaced where their text has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from clickhouse_driver import Client

from schemas.analyst.views import analyst_views
from schemas.segments.definition import Segment
from schemas.segments.views import views
from streams.clickhouse.session import Session
from streams.segments.files import segments_of
from streams.settings import Settings

_MARK = "footfall "
"""Begins the comment of a view that was made here: no other is dropped."""


def replace_views(
    settings: Settings, session: Session, *, dry_run: bool, report: Callable[[str, list[str]], None]
) -> list[str]:
    """Returns the names of all there are. Blocks. ``report`` is called with each view that changes and its statement
    before that is run."""
    wanted = statements_of(
        segments_of(settings), holdout=settings.segment_holdout, least_group=settings.analyst_min_group
    )
    there = _there(session)
    for name, statement in wanted.items():
        if there.get(name) != _checksum(statement):
            _run(session, name, f"{statement}\nCOMMENT '{_checksum(statement)}'", dry_run, report)
    for name in sorted(there.keys() - wanted.keys()):
        _run(session, name, f"DROP VIEW IF EXISTS {name}", dry_run, report)
    return list(wanted)


def statements_of(segments: Mapping[str, Segment], *, holdout: float, least_group: int) -> dict[str, str]:
    """The statements that make the views, by name. An analyst's reads with the rights of who makes it."""
    found = views(segments.values(), holdout=holdout)
    analysts = analyst_views(least_group)
    return {name: f"CREATE OR REPLACE VIEW {name} AS {sql.strip()}" for name, sql in found.items()} | {
        name: f"CREATE OR REPLACE VIEW {name} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS {sql}"
        for name, sql in analysts.items()
    }


def _checksum(statement: str) -> str:
    return _MARK + hashlib.sha256(statement.encode()).hexdigest()


def _there(session: Session) -> dict[str, str]:
    """The checksums of the views that are there, by name."""

    def read(client: Client) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = client.execute(
            "SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"
            " AND startsWith(comment, %(mark)s)",
            {"mark": _MARK},
        )
        return rows

    return dict(session.run("read the views", read))


def _run(session: Session, name: str, statement: str, dry_run: bool, report: Callable[[str, list[str]], None]) -> None:
    report(f"view {name}", [statement])
    if not dry_run:
        session.run(f"view {name}", lambda client: client.execute(statement))
