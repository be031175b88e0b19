"""What no page of ours would ask: nothing of it breaks the console, or brings more than was asked for."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from streams.console.panels import PANELS
from streams.console.reading import BOUNDS, bounded, open_reader, reading
from streams.errors import Fatal, SettingError
from streams.settings import Secret, Settings
from tests.streams.console.conftest import Open, Site, a_shop
from tests.streams.console.shop import EVIL
from tests.streams.http.client import DEADLINE_S

HOSTILE = [
    "' OR 1=1 --",
    "ann' UNION ALL SELECT * FROM events --",
    "\\' OR 1=1 --",
    "%(user_id)s %(x)s %s %%",
    "{} {x:String}",
    "ann\0",
    "\u2028😀",
    "a" * 129,
    "",
]
ENCODED = [*map(quote, HOSTILE), "%ED%A0%80", "%FF%FE", "%", "%zz"]
PARAMS = [(name, field) for name, panel in PANELS.items() for field in panel.params.__struct_fields__]


@pytest.fixture(scope="module")
def settings(clickhouse: tuple[str, int]) -> Iterator[Settings]:
    """Of a database with a few shoppers."""
    with a_shop(clickhouse) as (settings, shop):
        shop.passes()
        for user in ("ann", "bob", EVIL):
            shop.does(user, "view", 9)
            shop.profile(user, spent=1.0)
        for user in ("ann", "bob"):
            shop.alert(f"alert of {user}", user)
        yield settings


@pytest.fixture(scope="module")
def site(open_console: Open, settings: Settings) -> Site:
    return open_console(settings)


@pytest.mark.parametrize(("panel", "param"), PARAMS)
def test_no_parameter_is_more_than_a_value(site: Site, panel: str, param: str) -> None:
    for given in ENCODED:
        status, found, _ = site.ask("GET", f"/api/panel/{panel}?{param}={given}")
        assert status in (200, 400), (given, found)
        if status == 200:
            assert panel == "shopper", "no other panel takes anything of the kind"
            assert (found["profile"], found["events"], found["alerts"], found["segments"]) == (None, [], [], [])
        else:
            assert set(found) == {"error"}
            assert "\n" not in found["error"]


@pytest.mark.parametrize(("panel", "param"), PARAMS)
def test_a_parameter_of_a_megabyte(site: Site, panel: str, param: str) -> None:
    connection = http.client.HTTPConnection(*site.address, timeout=DEADLINE_S)
    connection.request("GET", f"/api/panel/{panel}?{param}={'a' * 1_000_000}")
    assert connection.getresponse().status in (400, 414, 431)
    connection.close()


def test_a_shopper_may_be_called_what_it_likes(site: Site) -> None:
    assert len(site.panel("shopper", user_id=EVIL)["events"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=1e9",
        "limit=-1",
        "limit=x",
        "limit=5&limit=6",
        "kind=FRAUD",
        "state=",
        "order=1",
        "user_id=ann",
    ],
)
def test_what_a_panel_does_not_take(site: Site, query: str) -> None:
    status, found, _ = site.ask("GET", f"/api/panel/alerts?{query}")
    assert (status, set(found)) == (400, {"error"})


@pytest.mark.parametrize(
    "path",
    [
        "/api/panel/",
        "/api/panel/nothing",
        "/api/panel/..%2Fserver.py",
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/",
        "/nowhere",
    ],
)
def test_there_is_nothing_else(site: Site, path: str) -> None:
    status, found, _ = site.ask("GET", path)
    assert status in (403, 404)
    assert set(found) == {"error"}


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"\xff", b'{"alert_id": "a"}', b'{"alert_id": "a", "verdict": "fraud", "who": "me"}',
    b'{"alert_id": "", "verdict": "ok"}', b'{"alert_id": "a", "verdict": "maybe"}', b'{"alert_id": 1, "verdict": "ok"}',
    b'{"alert_id": "\' OR 1=1 --", "verdict": "ok"}', b'{"alert_id": "%(x)s", "verdict": "ok"}',
    b'{"alert_id": "\\u0000", "verdict": "ok"}', b'{"alert_id": "\\ud800", "verdict": "ok"}',
    b'{"alert_id": "' + b"a" * 129 + b'", "verdict": "ok"}',
])  # fmt: skip
def test_what_can_not_be_acknowledged(site: Site, body: bytes) -> None:
    status, found, _ = site.ask("POST", "/api/ack", body, Content_Type="application/json")
    assert (status, set(found)) == (400, {"error"})


def test_an_acknowledgement_is_json_and_short(site: Site) -> None:
    assert site.ask("POST", "/api/ack", b'{"alert_id": "a", "verdict": "ok"}', Content_Type="text/plain")[0] == 415
    assert site.ask("POST", "/api/ack", b"[" + b" " * 1_000_000, Content_Type="application/json")[0] == 413
    assert site.ask("GET", "/api/ack")[0] == 405


@pytest.mark.parametrize("sql", [
    "INSERT INTO segment_rounds (at_ms) VALUES (1)", "DROP TABLE events", "TRUNCATE TABLE events",
    "ALTER TABLE events DELETE WHERE 1", "CREATE TABLE x (y Int8) ENGINE = Memory",
    "SELECT 1 SETTINGS readonly = 0", "SET readonly = 0",
])  # fmt: skip
def test_the_console_can_not_write_whatever_its_user_may(settings: Settings, sql: str) -> None:
    reader = open_reader(reading(settings))
    with pytest.raises(Fatal, match="readonly"):
        reader.query(sql)
    reader.close()


@pytest.mark.parametrize(("sql", "code"), [
    ("SELECT number FROM numbers(100000)", 396),
    ("SELECT sum(number) FROM numbers(3000000000)", 158),
])  # fmt: skip
def test_a_query_ends_at_its_bounds(settings: Settings, sql: str, code: int) -> None:
    reader = open_reader(reading(settings))
    with pytest.raises(Fatal, match=f"code {code}, "):
        reader.query(sql)
    reader.close()


def test_what_the_url_says_holds_but_not_against_the_bounds() -> None:
    url = Secret("clickhouse://me:p%40ss@db:9000/shop?readonly=0&final=1&connect_timeout=3")
    found = bounded(Settings(clickhouse=url), BOUNDS).clickhouse
    assert found.startswith("clickhouse://me:p%40ss@db:9000/shop?")
    given = dict(pair.split("=") for pair in found.partition("?")[2].split("&"))
    assert given == {**BOUNDS, "final": "1", "connect_timeout": "3"}


def test_a_user_who_may_only_read_is_given_no_bounds_but_time(settings: Settings) -> None:
    limited = bounded(reading(settings), {"readonly": "2", "max_result_rows": "7"})
    reader = open_reader(limited)
    asked = "SELECT getSetting('max_result_rows'), getSetting('max_threads'), getSetting('max_execution_time')"
    ((rows, threads, seconds),) = reader.query(asked)
    assert (rows, seconds) == (7, 10)
    assert str(threads) != BOUNDS["max_threads"]
    reader.close()


@pytest.mark.parametrize("url", ["db:9000", "clickhouse://[", "http://secret@db", "clickhouse://db?connect_timeout=x"])
def test_an_address_that_is_none_is_told_by_its_name(url: str) -> None:
    with pytest.raises(SettingError, match=r"^FOOTFALL_CONSOLE_CLICKHOUSE can't be read as clickhouse://") as told:
        reading(Settings(console_clickhouse=Secret(url)))
    assert "secret" not in str(told.value)
