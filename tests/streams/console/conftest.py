"""A console on a loopback port, and a shop whose rows are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from streams.clickhouse.writer import Writer
from streams.console.server import Console
from streams.http.address import Address
from streams.http.serving import serving
from streams.settings import Settings
from tests.conftest import migrated, new_database
from tests.streams.console.shop import Shop
from tests.streams.http.client import LOOPBACK, Answer, ask


@dataclass(frozen=True)
class Site:
    """A running console."""

    address: Address

    @property
    def url(self) -> str:
        return f"http://{self.address.host}:{self.address.port}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return ask(self.address, method, path, body, **headers)

    def panel(self, name: str, **params: Any) -> Any:
        """What it shows."""
        status, found, _ = self.ask("GET", f"/api/panel/{name}?{urlencode(params, quote_via=quote)}")
        assert status == 200, found
        return found


Open = Callable[[Settings], Site]


@pytest.fixture(scope="module")
def open_console() -> Iterator[Open]:
    with ExitStack() as closing:

        def opened(settings: Settings) -> Site:
            at = closing.enter_context(serving(Console(settings).app, LOOPBACK))
            assert at is not None
            return Site(at)

        yield opened


@pytest.fixture
def site(open_console: Open, settings: Settings) -> Site:
    """Of a database of the test's own, without a broker: panels need none."""
    return open_console(settings)


@contextmanager
def a_shop(clickhouse: tuple[str, int]) -> Iterator[tuple[Settings, Shop]]:
    """Of a database that is there until the end."""
    with new_database(clickhouse) as url:
        settings = migrated(url)
        writer = Writer(settings)
        yield settings, Shop(writer)
        writer.close()


@pytest.fixture
def shop(writer: Writer) -> Shop:
    return Shop(writer)
