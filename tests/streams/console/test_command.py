"""``footfall console`` as it is started."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.commands import main
from tests.streams.http.client import ask
from tests.streams.process import Process

DEADLINE_S = 30.0
NOWHERE = {"FOOTFALL_CLICKHOUSE": "clickhouse://127.0.0.1:1", "FOOTFALL_KAFKA": "127.0.0.1:1"}


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """Also while nothing that it asks is there."""
    command = [sys.executable, "-m", "streams", "console"]
    with Process(command, {**NOWHERE, "FOOTFALL_CONSOLE_HTTP": "127.0.0.1:0"}, tmp_path / "console.log") as console:
        at = console.wait_serving()
        assert ask(at, "GET", "/healthz")[0] == 200
        assert ask(at, "GET", "/api/panel/funnel")[0] == 503
        console.signal(signal.SIGTERM)
        assert console.wait(DEADLINE_S) == 0
        assert "Traceback" not in console.text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"FOOTFALL_CONSOLE_HTTP": "0.0.0.0:0"}, "set FOOTFALL_CONSOLE_TOKEN, or listen on 127.0.0.1"),
        ({"FOOTFALL_CONSOLE_HTTP": "8300"}, "must be host:port"),
        ({"FOOTFALL_CONSOLE_CLICKHOUSE": "secret"}, "FOOTFALL_CONSOLE_CLICKHOUSE can't be read"),
    ],
)
def test_what_it_does_not_start_with(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], said: str) -> None:
    for name, value in {**NOWHERE, **settings}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("streams.transport.logs.configure_logging", lambda *given: None)
    done = CliRunner().invoke(main, ["console"])
    assert done.exit_code == 2
    assert said in done.output
    assert "secret" not in done.output
