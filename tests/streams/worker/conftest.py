from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from tests.streams.worker.owner import Owner

DEADLINE_S = 20.0


@pytest.fixture
def owner(settings: Settings, reader: Reader, writer: Writer) -> Callable[..., Owner]:
    """Makes workers on one thread; ``settings=`` others than the test's."""

    def made(**given: Any) -> Owner:
        return Owner(given.pop("settings", settings), reader, writer, **given)

    return made


@pytest.fixture
def alone() -> Callable[..., Owner]:
    """Makes owners of an empty partition 0 that ask no table and no broker; given other settings than the defaults."""

    def begun(*, epoch: int = 1, **changes: Any) -> Owner:
        settings = Settings(**changes)
        owner = Owner(settings, Reader(settings), Writer(settings))
        owner.begin(epoch=epoch)
        return owner

    return begun


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
