"""The users of ClickHouse, made anew by each migration that is given their passwords."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping

from schemas.access import RIGHTS
from schemas.grants import MASKED, identified, statements
from schemas.tables import TABLES
from streams.clickhouse.session import Session
from streams.settings import Secret, Settings

_SALT_BYTES = 16


def replace_users(
    settings: Settings,
    session: Session,
    views: Iterable[str],
    *,
    dry_run: bool,
    report: Callable[[str, list[str]], None],
) -> None:
    """Makes those that have a password in the settings, and grants what they may, ``views`` included. Blocks.

    ``report`` is called with each user and its statements, passwords masked, before they are run. Raises ``Fatal``
    where the server refuses: its own user needs the right to manage users.
    """
    given = {user: password for user, password in passwords(settings).items() if password}
    if not given:
        return
    database = session.run("read the database", lambda client: str(client.execute("SELECT currentDatabase()")[0][0]))
    names = [*TABLES, *views]
    for user, password in given.items():
        report(f"user {user}", statements(RIGHTS[user], database, names, MASKED))
        if not dry_run:
            salt = secrets.token_hex(_SALT_BYTES)
            for statement in statements(RIGHTS[user], database, names, identified(password, salt)):
                _run(session, user, statement)


def passwords(settings: Settings) -> Mapping[str, Secret]:
    """By user, empty for one that isn't to be made."""
    return {
        "footfall_worker": settings.clickhouse_worker_password,
        "footfall_console": settings.clickhouse_console_password,
        "footfall_analyst": settings.clickhouse_analyst_password,
    }


def _run(session: Session, user: str, statement: str) -> None:
    session.run(f"user {user}", lambda client: client.execute(statement))
