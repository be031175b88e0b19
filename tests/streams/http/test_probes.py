"""Probes and metrics over a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

from streams.http.address import Address
from streams.http.answers import errors_in_json
from streams.http.probes import probes
from streams.http.serving import serving
from streams.settings import Secret
from tests.streams.http.client import LOOPBACK, ask

TOKEN = "open sesame"  # noqa: S105 - of the tests


@dataclass
class Process:
    """How it is."""

    unwell: str = ""
    unready: str = ""


@contextmanager
def probed(process: Process, *, token: str = "") -> Iterator[Address]:
    app = web.Application(middlewares=[errors_in_json])
    app.add_routes(probes(process, lambda: b"lag 1\n", token=Secret(token)))
    with serving(app, LOOPBACK) as address:
        assert address is not None
        yield address


def test_an_unready_process_is_alive_and_an_unwell_one_is_neither() -> None:
    process = Process()
    with probed(process) as at:
        assert ask(at, "GET", "/healthz")[:2] == (200, {"status": "alive"})
        assert ask(at, "GET", "/readyz")[:2] == (200, {"status": "ready"})
        process.unready = "not assigned"
        assert ask(at, "GET", "/healthz")[:2] == (200, {"status": "alive"})
        assert ask(at, "GET", "/readyz")[:2] == (503, {"status": "not assigned"})
        process.unwell = "no progress"
        assert ask(at, "GET", "/healthz")[:2] == (503, {"status": "no progress"})
        assert ask(at, "GET", "/readyz")[:2] == (503, {"status": "no progress"})


def test_metrics_are_there_for_all_where_there_is_no_token() -> None:
    with probed(Process()) as at:
        status, exposed, headers = ask(at, "GET", "/metrics")
        assert (status, exposed, headers["Content-Type"]) == (200, "lag 1\n", "text/plain; version=0.0.4")


@pytest.mark.parametrize(
    "given", [None, "Bearer open", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN} ?", "Bearer \xff\xe9", "Bearer"]
)
def test_metrics_ask_for_the_token_and_probes_do_not(given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    with probed(Process(), token=TOKEN) as at:
        status, found, answered = ask(at, "GET", "/metrics", **headers)
        assert (status, found) == (401, {"error": "Expected the bearer token"})
        assert answered["WWW-Authenticate"] == "Bearer"
        assert ask(at, "GET", "/healthz", **headers)[0] == 200
        assert ask(at, "GET", "/readyz", **headers)[0] == 200
        assert ask(at, "GET", "/metrics", Authorization=f"bearer  {TOKEN} ")[0] == 200


def test_errors_are_json() -> None:
    with probed(Process()) as at:
        assert ask(at, "GET", "/nowhere")[:2] == (404, {"error": "Not Found"})
        status, found, headers = ask(at, "POST", "/healthz")
        assert (status, found, headers["Allow"]) == (405, {"error": "Method Not Allowed"}, "GET,HEAD")
