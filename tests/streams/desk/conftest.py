from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.clickhouse.writer import Writer
from streams.commands import main
from streams.settings import Settings
from tests.streams.desk.planted import Planted

Run = Callable[..., Result]


@pytest.fixture
def planted(writer: Writer) -> Planted:
    return Planted(writer)


@pytest.fixture
def run(on_broker: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """``footfall alerts ...`` in this process."""
    monkeypatch.chdir(tmp_path)
    for name, value in on_broker.to_env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("streams.transport.logs.configure_logging", lambda level: None)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words, given="": CliRunner().invoke(main, ["alerts", *words], input=given)
