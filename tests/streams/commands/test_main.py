"""The command line as a whole: what it lists, and how it fails."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

import streams.commands
from streams.commands import main, with_settings
from streams.errors import Fatal, FootfallError, Invalid, Retryable, SettingError
from streams.settings import Settings


def test_help_lists_the_commands_and_imports_none() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from streams.commands import main\n"
        "print(CliRunner().invoke(main, ['--help']).output)\n"
        "print([name for name in ('faust', 'pandas', 'river', 'streams.commands.replay') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "replay" in printed
    assert "Send a data set to Kafka as events." in printed
    assert printed.endswith("[]\n")


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_each_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    ("error", "status"), [(Fatal("gone"), 1), (Retryable("gone"), 1), (Invalid("gone"), 2), (SettingError("gone"), 2)]
)
def test_an_error_is_one_line(error: FootfallError, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def command() -> None:
        raise error

    monkeypatch.setattr(streams.commands, "import_module", lambda name: SimpleNamespace(command=command))
    result = CliRunner().invoke(main, ["schema"])
    assert (result.exit_code, result.stdout, result.stderr) == (status, "", "footfall: gone\n")


def test_ctrl_c_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def command() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(streams.commands, "import_module", lambda name: SimpleNamespace(command=command))
    result = CliRunner().invoke(main, ["schema"])
    assert (result.exit_code, result.output) == (130, "")


def test_an_unknown_command_is_told() -> None:
    result = CliRunner().invoke(main, ["reply"])
    assert result.exit_code == 2
    assert "No such command 'reply'" in result.output


def test_commands_get_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTFALL_PARTITIONS", "7")
    monkeypatch.setattr("streams.transport.logs.configure_logging", lambda level: None)

    @with_settings
    def partitions(settings: Settings, times: int) -> int:
        return settings.partitions * times

    assert partitions(2) == 14


def test_schema_prints_json() -> None:
    result = CliRunner().invoke(main, ["schema", "carts"])
    assert set(json.loads(result.output)["$defs"]) == {"CartAdd", "CartRemove", "Checkout", "Purchase", "Return"}


def test_schema_tells_the_topics_that_have_one() -> None:
    result = CliRunner().invoke(main, ["schema", "nothing"])
    assert result.exit_code == 2
    assert (
        "clicks, carts, reviews, reviews.scored, labels, alerts.fraud, alerts.churn, alerts.system, dead-letters"
        in result.output
    )
