"""`footfall local` as a user sees it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.local.stack import LocalStack
from streams.clickhouse.connection import connect
from streams.commands import main
from streams.commands.local import command
from streams.local_settings import STACK_FOLDER, settings_here


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


def test_users_are_made_once_and_found_by_the_commands(stack_folder: Path) -> None:
    data, workplace = stack_folder / STACK_FOLDER, ["--data", str(stack_folder / STACK_FOLDER)]
    started = run("up", *workplace, "--users")
    assert started.exit_code == 0, started.output
    kept = data / "users.json"
    assert str(kept) in started.output
    assert kept.stat().st_mode & 0o777 == 0o600
    passwords = json.loads(kept.read_bytes())
    assert not any(password in started.output for password in passwords.values())
    settings = settings_here({}, stack_folder)
    assert settings.clickhouse.startswith(f"clickhouse://footfall_worker:{passwords['footfall_worker']}@")
    with connect(settings) as client:
        client.execute("CREATE VIEW analyst_n AS SELECT 1 AS n")
    assert "Already up." in run("up", *workplace, "--users").output
    assert json.loads(kept.read_bytes()) == passwords

    url = settings.clickhouse.replace("footfall_worker", "footfall_analyst")
    url = url.replace(passwords["footfall_worker"], passwords["footfall_analyst"])
    asked = CliRunner().invoke(
        main, ["query", "SELECT n FROM analyst_n", "--format", "csv"], env={"FOOTFALL_CLICKHOUSE": url}
    )
    assert (asked.exit_code, asked.output) == (0, "n\n1\n")
    run("down", *workplace)


def test_users_need_a_server_that_starts_anew(stack_folder: Path) -> None:
    stack = LocalStack(stack_folder, members=("clickhouse",))
    stack.up()
    refused = run("up", "--data", str(stack_folder), "--users")
    assert (refused.exit_code, refused.output) == (
        1,
        f"Error: {stack_folder} runs ClickHouse without users: `footfall local down` first\n",
    )
    assert not stack.passwords()
