"""Connections to the test's database; a model that isn't the first of its kind; the public data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from river import compose, optim

from models.catalogue import FRAUD, MODELS, ModelSpec
from models.pipelines import FACTORIES
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings

DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="session")
def data_file() -> Callable[[str], Path]:
    """The path of a data set's file; the test is skipped where it isn't there."""

    def find(name: str) -> Path:
        if not (DATA / name).exists():
            pytest.skip(f"{name} is not on this machine")
        return DATA / name

    return find


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
