"""Connections to the test's database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings


@pytest.fixture
def writer(settings: Settings) -> Iterator[Writer]:
    writer = Writer(settings)
    yield writer
    writer.close()


@pytest.fixture
def reader(settings: Settings) -> Iterator[Reader]:
    reader = Reader(settings)
    yield reader
    reader.close()
