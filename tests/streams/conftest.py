"""Connections to the test's database; and a model that isn't the first of its kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from river import compose, optim

from models.catalogue import FRAUD, MODELS, ModelSpec
from models.pipelines import FACTORIES
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


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> ModelSpec:
    """A second model for fraud in the catalogue, which learns faster."""

    def factory() -> compose.Pipeline:
        pipeline = FACTORIES["fraud"]()
        pipeline[-1].optimizer = optim.SGD(0.1)
        return pipeline

    spec = replace(FRAUD, name="fraud-fast")
    monkeypatch.setitem(MODELS, spec.name, spec)
    monkeypatch.setitem(FACTORIES, spec.name, factory)
    return spec
