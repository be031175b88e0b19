"""A tiny text model, in a folder and in an engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from models.text.checkpoint import load, save
from models.text.engine import TextEngine
from streams.settings import Settings
from tests.models.text.tiny import tiny_model


@pytest.fixture(scope="session")
def text_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text") / "tiny"
    save(tiny_model(), folder, name="tiny")
    return folder


@pytest.fixture(scope="session")
def engine(text_model: Path) -> Iterator[TextEngine]:
    engine = TextEngine(load(text_model), precision="fp32")
    yield engine
    engine.close()


@pytest.fixture
def for_texts(on_broker: Settings, text_model: Path) -> Settings:
    """Settings of a text worker, with topics of the test's own."""
    return replace(on_broker, text_model=str(text_model), text_precision="fp32", http="")
