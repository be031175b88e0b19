"""The statements that make the users of :mod:`schemas.access` on a server, each of which may be run again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from schemas.access import CHANGEABLE, Limits, Rights

_EVERYTHING = (
    "SELECT, INSERT, ALTER, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, TRUNCATE, OPTIMIZE, SHOW ON {database}.*"
    ", CREATE TEMPORARY TABLE ON *.*, SELECT ON system.parts"
)
"""For the worker: the tables and views of the database, the tables that a query brings along, and the parts that
``footfall bench`` looks at."""

MASKED = "IDENTIFIED WITH sha256_hash BY '***' SALT '***'"
"""What is shown in place of :func:`identified`."""


def identified(password: str, salt: str) -> str:
    """The clause that sets a password, which is not sent itself. ``salt`` is of letters and digits."""
    digest = hashlib.sha256((password + salt).encode()).hexdigest()
    return f"IDENTIFIED WITH sha256_hash BY '{digest}' SALT '{salt}'"


def statements(rights: Rights, database: str, names: Iterable[str], identification: str) -> list[str]:
    """Role, limits, user, in the order in which they need each other. ``names`` are the tables and views that there
    are, ``identification`` is of :func:`identified`.

    The grants take the place of those that the role had. The user has this role alone as default.
    """
    at = f"`{database}`"
    readable = [f"SELECT ON {at}.`{name}`" for name in sorted(names) if rights.may_read(name)]
    grants = _EVERYTHING.format(database=at) if rights.all else ", ".join(readable)
    return [
        f"CREATE ROLE IF NOT EXISTS {rights.role}",
        f"GRANT {grants} TO {rights.role} WITH REPLACE OPTION",
        *([_profile(rights, rights.limits)] if rights.limits else []),
        f"CREATE USER IF NOT EXISTS {rights.user} {identification}",
        f"ALTER USER {rights.user} {identification}",
        f"GRANT {rights.role} TO {rights.user}",
        f"ALTER USER {rights.user} DEFAULT ROLE {rights.role}",
    ]


def _profile(rights: Rights, limits: Limits) -> str:
    values = limits.settings()
    fixed = [f"{name} = {value}" for name, value in values.items() if name not in CHANGEABLE]
    changeable = [_changeable(name, least, values.get(name)) for name, least in CHANGEABLE.items()]
    settings = ", ".join(["readonly = 1", *fixed, *changeable])
    return f"CREATE SETTINGS PROFILE OR REPLACE {rights.user}_limits SETTINGS {settings} TO {rights.role}"


def _changeable(name: str, least: int, most: int | None) -> str:
    bounds = f"MIN {least}" if most is None else f"= {most} MIN {least} MAX {most}"
    return f"{name} {bounds} CHANGEABLE_IN_READONLY"
