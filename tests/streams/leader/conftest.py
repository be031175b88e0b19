from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from streams.worker.delivery import Delivery
from tests.streams.leader.silent_town import SilentTown
from tests.streams.worker.conftest import delivery, loop, on_broker

__all__ = ["delivery", "loop", "on_broker"]


@pytest.fixture
def town(on_broker: Settings, reader: Reader, writer: Writer, delivery: Delivery) -> Iterator[SilentTown]:
    town = SilentTown(on_broker, reader, writer, delivery)
    yield town
    town.close()
