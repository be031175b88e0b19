"""The users that a migration makes on a server. The engine here parses their statements, but has no users."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

import pytest

from schemas.access import ANALYST, CONSOLE, RIGHTS, WORKER
from schemas.grants import MASKED, identified, statements
from streams.clickhouse.migrate import migrate
from streams.clickhouse.reader import Reader
from streams.errors import Fatal
from streams.settings import Secret, Settings

PASSWORD = "a pass'word"  # noqa: S105 - of nobody
NAMES = ["events", "dead_letters", "segment_loyal", "analyst_sales", "of_somebody_else"]


@pytest.fixture
def guarded(settings: Settings) -> Settings:
    """Settings of a database that is up to date but for its analyst."""
    return replace(settings, clickhouse_analyst_password=Secret(PASSWORD))


@pytest.mark.parametrize("user", RIGHTS)
def test_the_engine_can_read_each_statement(reader: Reader, user: str) -> None:
    for statement in statements(RIGHTS[user], "shop", NAMES, identified(PASSWORD, "abc")):
        (tree,) = reader.query(f"EXPLAIN AST {statement}")[0]
        assert tree.split()[0] in {"CreateRoleQuery", "GrantQuery", "CreateSettingsProfileQuery", "CreateUserQuery"}


def test_each_user_is_granted_what_it_may_read() -> None:
    grant = {user: statements(rights, "shop", NAMES, MASKED)[1] for user, rights in RIGHTS.items()}
    assert grant[ANALYST.user] == (
        "GRANT SELECT ON `shop`.`analyst_sales` TO footfall_analyst_role WITH REPLACE OPTION"
    )
    console = grant[CONSOLE.user]
    assert all(f"SELECT ON `shop`.`{name}`" in console for name in NAMES[:4])
    assert "of_somebody_else" not in console
    assert "INSERT" not in console
    assert "ON `shop`.*" in grant[WORKER.user]
    assert "ALL" not in grant[WORKER.user]


def test_limits_become_a_profile() -> None:
    profile = statements(ANALYST, "shop", NAMES, MASKED)[2]
    assert profile == (
        "CREATE SETTINGS PROFILE OR REPLACE footfall_analyst_limits SETTINGS readonly = 1, max_result_rows = 1000000, "
        "max_memory_usage = 4294967296, max_execution_time = 60 MIN 1 MAX 60 CHANGEABLE_IN_READONLY, "
        "max_block_size MIN 1 CHANGEABLE_IN_READONLY TO footfall_analyst_role"
    )
    assert not any("PROFILE" in statement for statement in statements(WORKER, "shop", NAMES, MASKED))


def test_a_password_is_sent_as_a_salted_hash() -> None:
    digest = hashlib.sha256(f"{PASSWORD}abc".encode()).hexdigest()
    assert identified(PASSWORD, "abc") == f"IDENTIFIED WITH sha256_hash BY '{digest}' SALT 'abc'"


def test_a_dry_run_shows_the_statements_without_passwords(guarded: Settings) -> None:
    reported: dict[str, list[str]] = {}
    migrate(guarded, dry_run=True, report=lambda name, sql: reported.update({name: sql}))
    assert list(reported) == ["user footfall_analyst"], "those without a password are left alone"
    assert f"CREATE USER IF NOT EXISTS footfall_analyst {MASKED}" in reported["user footfall_analyst"]


def test_a_refusal_is_told_without_the_password(guarded: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Fatal, match=r"user footfall_analyst, code 497, .*CREATE ROLE") as refused:
        migrate(guarded)
    assert PASSWORD not in f"{refused.value}{caplog.text}"
    assert PASSWORD not in repr(guarded)
