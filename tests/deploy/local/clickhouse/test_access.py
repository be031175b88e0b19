"""The three users of ClickHouse. Against a server too, where CLICKHOUSE_TEST_URL is of a user that may make others."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from deploy.local.child import Child
from deploy.local.ports import HOST, free_ports, is_free
from schemas.access import ANALYST, CONSOLE, RIGHTS, WORKER
from streams.clickhouse.connection import connect
from streams.clickhouse.migrate import migrate
from streams.settings import Secret, Settings
from tests.deploy.local.clickhouse.access_cases import LIMITED, cases
from tests.waiting import wait_until

SERVER = os.environ.get("CLICKHOUSE_TEST_URL", "")
PASSWORDS = {user: secrets.token_hex(8) for user in RIGHTS}
REFUSED = {497: "ACCESS_DENIED", 164: "READONLY"}
REFUSED_BY_SERVER = {
    **REFUSED,
    60: "UNKNOWN_TABLE",
    62: "SYNTAX_ERROR",
    81: "UNKNOWN_DATABASE",
    452: "SETTING_CONSTRAINT_VIOLATION",
}
SEVERAL_STATEMENTS = 62
"""A syntax error, by where statements are taken apart."""


@dataclass(frozen=True)
class Site:
    """A migrated database on a server that has the users."""

    host: str
    port: int
    http_port: int | None
    database: str
    log: Path | None

    def client(self, user: str, **options: object) -> Client:
        return Client(self.host, self.port, user=user, password=PASSWORDS[user], database=self.database, **options)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if SERVER:
        yield from _on_server()
    else:
        yield from _local(tmp_path_factory.mktemp("guarded"))


def _local(folder: Path) -> Iterator[Site]:
    tcp_port, http_port = free_ports(2)
    where = ["--data", str(folder / "data"), "--tcp-port", str(tcp_port), "--http-port", str(http_port)]
    passwords = {f"CLICKHOUSE_PASSWORD_{user.upper()}": password for user, password in PASSWORDS.items()}
    command = [sys.executable, "-m", "deploy.local.clickhouse", *where]
    with Child(command, passwords, folder / "log") as server:
        wait_until(lambda: not server.running or not is_free(tcp_port), 30, "the server listens")
        server.check()
        url = f"clickhouse://{WORKER.user}:{PASSWORDS[WORKER.user]}@{HOST}:{tcp_port}/default"
        migrate(Settings(clickhouse=Secret(url), outage_deadline_s=20))
        yield Site(HOST, tcp_port, http_port, "default", folder / "log")
        server.end()


def _on_server() -> Iterator[Site]:
    database = f"test_{uuid4().hex[:12]}"
    given = urlsplit(SERVER)
    with connect(Settings(clickhouse=Secret(SERVER))) as admin:
        admin.execute(f"CREATE DATABASE {database}")
        secret = {f"clickhouse_{user.removeprefix('footfall_')}_password": Secret(PASSWORDS[user]) for user in RIGHTS}
        url = given._replace(path=f"/{database}").geturl()
        try:
            migrate(Settings(clickhouse=Secret(url), outage_deadline_s=20, **secret))
            yield Site(given.hostname or "", given.port or 9000, None, database, None)
        finally:
            admin.execute(f"DROP DATABASE {database}")


@pytest.mark.parametrize("user", RIGHTS)
def test_statements_over_the_native_protocol(site: Site, user: str) -> None:
    with site.client(user) as client:
        found = [(sql, allowed, answer(client, sql)) for sql, allowed in statements_of(user, site)]
    assert misjudged(found) == []


def answer(client: Client, sql: str) -> int:
    try:
        client.execute(sql)
    except ServerException as error:
        code: int = error.code
        return code
    return 0


@pytest.mark.parametrize("user", RIGHTS)
def test_statements_over_http(site: Site, user: str) -> None:
    connection = http(site)
    found = []
    for number, (sql, allowed) in enumerate(statements_of(user, site)):
        body, parameters = (sql, {}) if number % 2 else (None, {"query": sql})
        status, _, code = post(connection, user, body, database=site.database, **parameters)
        found.append((sql, allowed, code))
        assert (status == 200) == (code == 0)
    connection.close()
    assert misjudged(found) == []


def statements_of(user: str, site: Site) -> list[tuple[str, bool]]:
    found = cases(local=not SERVER)
    return [(sql.replace("{database}", site.database), allowed) for whose, sql, allowed in found if whose == user]


def misjudged(found: list[tuple[str, bool, int]]) -> list[tuple[str, int]]:
    refused = REFUSED_BY_SERVER if SERVER else REFUSED
    return [
        (sql, code)
        for sql, allowed, code in found
        if not (code == 0 if allowed else code in refused or (code == SEVERAL_STATEMENTS and ";" in sql))
    ]


def http(site: Site) -> HTTPConnection:
    if site.http_port is None:
        pytest.skip("the server's HTTP port isn't known")
    return HTTPConnection(site.host, site.http_port, timeout=20)


def post(
    connection: HTTPConnection, user: str, body: str | None, password: str = "", **parameters: str
) -> tuple[int, str, int]:
    """Status, body, and ClickHouse's code."""
    headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password or PASSWORDS[user]}
    connection.request("POST", f"/?{urlencode(parameters)}", body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), int(answer.getheader("X-ClickHouse-Exception-Code", "0"))


def test_nobody_else_is_admitted(site: Site) -> None:
    for user, password in (("default", ""), (ANALYST.user, ""), (ANALYST.user, PASSWORDS[CONSOLE.user]), ("", "")):
        with Client(site.host, site.port, user=user, password=password) as client, pytest.raises(ServerException) as no:
            client.execute("SELECT 1")
        assert no.value.code == 516


@pytest.mark.parametrize("user", LIMITED)
def test_limits_hold_and_are_not_changed_but_downwards(site: Site, user: str) -> None:
    rows = RIGHTS[user].limits.result_rows
    for settings in ({"max_execution_time": 5}, {"max_block_size": 100}, {"max_result_rows": rows}, {"readonly": 1}):
        with site.client(user, settings=settings) as client:
            assert client.execute("SELECT 1") == [(1,)]
    for settings in (
        {"max_execution_time": 0},
        {"max_execution_time": 100_000},
        {"max_result_rows": 0},
        {"max_memory_usage": 1 << 50},
        {"readonly": 0},
        {"additional_table_filters": "{'segment_members': '0'}"},
    ):
        with site.client(user, settings=settings) as client, pytest.raises(ServerException) as no:
            client.execute("SELECT 1")
        assert no.value.code in (164, 452)
    with site.client(user) as client, pytest.raises(ServerException) as no:
        client.execute(f"SELECT arrayJoin(range({rows + 1}))")
    assert no.value.code == 396


def test_a_connection_that_changes_hands_has_the_rights_of_who_asks(site: Site) -> None:
    connection = http(site)
    seen = [
        post(connection, user, "SELECT count() FROM events", database=site.database)[0]
        for user in (WORKER.user, ANALYST.user, CONSOLE.user, ANALYST.user)
    ]
    assert seen == [200, 403, 200, 403]
    connection.close()


def test_parameters_are_values_only(site: Site) -> None:
    connection = http(site)
    where = {"database": site.database}
    sql = "SELECT count() FROM analyst_segments WHERE segment = {s:String}"
    assert post(connection, ANALYST.user, sql, param_s="' OR 1", **where)[:2] == (200, "0\n")
    for sql in ("SELECT * FROM {s:Identifier}", "SELECT 1 IN {s:Identifier}", "SELECT {s:identifier}"):
        assert post(connection, ANALYST.user, sql, param_s="events", **where)[2] in REFUSED
    connection.close()


def test_nothing_is_sent_along(site: Site) -> None:
    """A temporary table could have the name of a view."""
    if SERVER:
        pytest.skip("a server lets a user bring tables of its own along")
    brought = {"name": "mine", "structure": [("a", "Int8")], "data": [{"a": 1}]}
    with site.client(ANALYST.user) as client:
        with pytest.raises(ServerException) as no:
            client.execute("SELECT * FROM mine", external_tables=[brought])
        assert no.value.code == 497
        assert client.execute("SELECT 1") == [(1,)]


def test_a_format_is_the_clients(site: Site) -> None:
    connection = http(site)
    assert post(connection, ANALYST.user, "SELECT 1 AS one FORMAT JSONEachRow")[:2] == (200, '{"one":1}\n')
    assert post(connection, ANALYST.user, "SELECT 1 AS one", default_format="CSV")[:2] == (200, "1\n")
    assert post(connection, ANALYST.user, "SELECT 1 FORMAT `JSON INTO OUTFILE 'x'`")[2] == 73, "an unknown format"
    connection.close()


def test_passwords_are_in_no_log(site: Site) -> None:
    if site.log is None:
        pytest.skip("a server's log isn't seen from here")
    connection = http(site)
    assert post(connection, ANALYST.user, "SELECT 1", password="wr0ng")[0] == 403  # noqa: S106
    connection.close()
    log = site.log.read_text()
    assert "ClickHouse" in log
    assert not any(password in log for password in (*PASSWORDS.values(), "wr0ng"))
