from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from streams.settings import Settings
from tests.streams.rebuild.shop import Shop

N_EVENTS = 2_000


@pytest.fixture
def quiet(on_broker: Settings, tmp_path: Path) -> Iterator[Shop]:
    """A shop of two partitions in which nothing has happened."""
    settings = replace(on_broker, session_timeout_s=2.0, flush_interval_s=0.1)
    shop = Shop(settings, tmp_path)
    yield shop
    shop.reader.close()


@pytest.fixture
def shop(quiet: Shop) -> Shop:
    """The same after 2,000 events, all done by a worker that has left."""
    quiet.produce(N_EVENTS)
    quiet.work()
    return quiet
