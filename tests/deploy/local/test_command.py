"""`footfall local` as a user sees it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.commands.local import command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, env={"KAFKA_HOME": ""})


def test_up_status_down(stack_folder: Path) -> None:
    data = ["--data", str(stack_folder)]
    fresh = run("status", *data)
    assert (fresh.exit_code, fresh.output) == (1, f"No stack was started in {stack_folder}.\n")

    started = run("up", *data)
    assert started.exit_code == 0, started.output
    assert "Already up." not in started.output
    assert "Tansu" in started.output
    assert "Already up." in run("up", *data).output

    status = run("status", *data, "--json")
    described = json.loads(status.output)
    assert status.exit_code == 0
    assert [member["state"] for member in described["members"]] == ["up", "up"]
    assert described["endpoints"]["kafka"] in run("status", *data).output

    assert run("down", *data).output == "Down.\n"
    after = run("status", *data)
    assert after.exit_code == 1
    assert "down" in after.output


def test_errors_have_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", "/no/such/binary")
    failed = run("up", "--data", str(tmp_path))
    assert failed.exit_code == 1
    assert failed.output.startswith("Error: ")
    assert "/no/such/binary" in failed.output
