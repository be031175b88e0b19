"""Who may ask, from where, and what no answer goes without."""

from __future__ import annotations

import doctest
import re
import time
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from streams.console import session
from streams.console.address import console_address
from streams.console.session import COOKIE, LASTS_S, issued
from streams.errors import SettingError
from streams.settings import Secret, Settings
from tests.streams.console.conftest import Open, Site

TOKEN = Secret("open sesame, or else")
PATH = "/api/session"
NOWHERE = Settings(clickhouse=Secret("clickhouse://127.0.0.1:1"), kafka="127.0.0.1:1", outage_deadline_s=0)
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def site(open_console: Open) -> Site:
    """A console without a token, and with nothing behind it."""
    return open_console(NOWHERE)


@pytest.fixture(scope="module")
def guarded(open_console: Open) -> Site:
    """One with a token."""
    return open_console(replace(NOWHERE, console_token=TOKEN))


def sign_in(site: Site, token: str) -> tuple[int, dict[str, str]]:
    status, _, headers = site.ask("POST", "/login", urlencode({"token": token}).encode(), **FORM)
    return status, headers


@pytest.mark.parametrize("host", ["0.0.0.0", "", "192.0.2.1", "[::]", "shop.example"])  # noqa: S104
def test_beyond_loopback_a_token_is_needed(host: str) -> None:
    said = "set FOOTFALL_CONSOLE_TOKEN, or listen on 127.0.0.1"
    with pytest.raises(SettingError, match=f"^FOOTFALL_CONSOLE_HTTP is .*{re.escape(said)}$"):
        console_address(Settings(console_http=f"{host}:80"))
    assert console_address(Settings(console_http=f"{host}:80", console_token=TOKEN)) == (host.strip("[]"), 80)


def test_it_has_an_address() -> None:
    assert console_address(Settings()) == ("127.0.0.1", 8300)
    with pytest.raises(SettingError, match=r"^FOOTFALL_CONSOLE_HTTP is empty, but must be host:port"):
        console_address(Settings(console_http=""))


@pytest.mark.parametrize("path", [PATH, "/api/panel/funnel", "/api/live", "/metrics", "/nowhere"])
def test_nothing_is_told_without_the_token(guarded: Site, path: str) -> None:
    for given in ("", "Bearer open", "Bearer \xff", f"Basic {TOKEN}", "Bearer"):
        status, found, headers = guarded.ask("GET", path, Authorization=given)
        assert (status, found) == (401, {"error": "Expected the bearer token"})
        assert headers["WWW-Authenticate"] == "Bearer"
    for cookie in (
        "",
        "x",
        "9999999999.x",
        f"9999999999.{'0' * 64}",
        f".{'0' * 64}",
        issued(Secret("another"), time.time()),
    ):
        assert guarded.ask("GET", path, Cookie=f"{COOKIE}={cookie}")[0] == 401
    assert guarded.ask("GET", path, Cookie=f"{COOKIE}={issued(TOKEN, time.time() - LASTS_S)}")[0] == 401


def test_the_bearer_of_the_token_may_ask(guarded: Site) -> None:
    assert guarded.ask("GET", PATH, Authorization=f"Bearer {TOKEN}")[0] == 200


def test_signing_in_and_out(guarded: Site) -> None:
    status, _, headers = guarded.ask("GET", "/")
    assert (status, headers["Location"]) == (303, "/login")
    assert 'type="password"' in guarded.ask("GET", "/login")[1]
    for wrong in ("open", "", "x" * 10_000):
        status, headers = sign_in(guarded, wrong)
        assert (status, headers["Location"]) == (303, "/login#wrong")
        assert "Set-Cookie" not in headers
    status, headers = sign_in(guarded, f" {TOKEN} ")
    assert (status, headers["Location"]) == (303, "/")
    cookie, *attributes = headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={LASTS_S}"} <= set(attributes)
    assert TOKEN not in cookie
    assert guarded.ask("GET", PATH, Cookie=cookie)[0] == 200
    assert guarded.ask("GET", "/api/session", Cookie=cookie)[1] == {"signed_in": True}
    status, _, headers = guarded.ask("POST", "/logout", b"", Cookie=cookie)
    assert (status, headers["Location"]) == (303, "/login")
    assert headers["Set-Cookie"].startswith(f'{COOKIE}=""; ')


def test_the_cookie_of_a_page_by_tls_comes_by_nothing_else(guarded: Site) -> None:
    body = urlencode({"token": TOKEN}).encode()
    _, _, headers = guarded.ask("POST", "/login", body, X_Forwarded_Proto="https", **FORM)
    assert "Secure" in headers["Set-Cookie"].split("; ")


def test_probes_are_open_and_metrics_are_not(guarded: Site) -> None:
    assert guarded.ask("GET", "/healthz")[:2] == (200, {"status": "alive"})
    assert guarded.ask("GET", "/readyz")[:2] == (200, {"status": "ready"})
    status, exposed, _ = guarded.ask("GET", "/metrics", Authorization=f"Bearer {TOKEN}")
    assert status == 200
    assert "process_cpu_seconds_total" in exposed


@pytest.mark.parametrize(
    "host",
    ["shop.example", "shop.example:8300", "127.0.0.1.shop.example", "192.0.2.1", "[::", "", "localhost@shop.example:x"],
)
def test_a_name_that_was_turned_to_point_here_is_refused(site: Site, host: str) -> None:
    status, found, _ = site.ask("GET", PATH, Host=host)
    assert (status, found) == (421, {"error": "Ask for the console at 127.0.0.1 or localhost"})


@pytest.mark.parametrize("host", ["localhost", "localhost:8300", "127.0.0.1", "[::1]:8300"])
def test_loopback_has_several_names(site: Site, host: str) -> None:
    assert site.ask("GET", PATH, Host=host)[0] == 200


@pytest.mark.parametrize("origin", [
    {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"},
    {"Origin": "http://shop.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"}, {"Origin": "http://["},
])  # fmt: skip
@pytest.mark.parametrize("path", ["/api/ack", "/login", "/logout"])
def test_what_changes_something_comes_from_the_consoles_own_page(site: Site, path: str, origin: dict[str, str]) -> None:
    status, found, _ = site.ask("POST", path, {"alert_id": "a", "verdict": "ok"}, **origin)
    assert (status, found) == (403, {"error": "Not from the console's own page"})


@pytest.mark.parametrize(
    "path",
    ["/", "/login", "/static/main.js", "/static/nothing", PATH, "/api/panel/funnel", "/api/panel/none", "/healthz"],
)
def test_every_answer_says_what_the_browser_may_do(site: Site, path: str) -> None:
    _, _, headers = site.ask("GET", path)
    policy = headers["Content-Security-Policy"]
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ):
        assert part in policy.split("; ")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == ("no-cache" if path.startswith("/static/") else "no-store")
    assert headers["Server"] == "footfall"


def test_examples_in_docstrings_hold() -> None:
    result = doctest.testmod(session)
    assert result.attempted
    assert result.failed == 0
