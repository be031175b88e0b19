from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.leader.segments import SegmentRounds
from streams.settings import Settings
from streams.worker.delivery import Delivery
from tests.streams.segments.crowd import Shop
from tests.streams.segments.profiles import Town

Start = Callable[..., SegmentRounds]


@pytest.fixture
def shop(on_broker: Settings, reader: Reader, writer: Writer) -> Shop:
    return Shop(on_broker, reader, writer)


@pytest.fixture
def start(on_broker: Settings, delivery: Delivery) -> Iterator[Start]:
    """Starts the duty as a new leader would."""
    running: list[SegmentRounds] = []
    clock = count(1_800_000_000_000)

    def started(page_changes: int = 1_000, settings: Settings = on_broker) -> SegmentRounds:
        running.append(
            SegmentRounds(
                settings, delivery, clock_ms=clock.__next__, stop=threading.Event(), page_changes=page_changes
            )
        )
        return running[-1]

    yield started
    for one in running:
        one.close()


@pytest.fixture
def town(writer: Writer) -> Town:
    return Town(writer)
