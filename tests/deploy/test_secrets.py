"""deploy/secrets.sh: what it makes, and what it leaves alone."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from streams.settings import Settings

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "deploy" / "secrets.sh"


def make(folder: Path, *clickhouse: str) -> str:
    return subprocess.run([SCRIPT, folder, *clickhouse], check=True, capture_output=True, text=True, timeout=30).stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make(tmp_path / "secrets")
    return tmp_path / "secrets"


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_all_that_compose_mounts_is_made(folder: Path) -> None:
    compose = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
    wanted = {Path(secret["file"]) for secret in compose["secrets"].values()}
    assert {path.parent for path in wanted} == {Path("deploy/secrets")}
    assert {path.name for path in wanted} <= contents(folder).keys()


def test_only_the_owner_comes_into_the_folder_and_containers_read_the_files(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o644}


def test_secrets_are_long_and_differ(folder: Path) -> None:
    made = [text.strip() for name, text in contents(folder).items() if name.endswith(("_password", "_token", "_key"))]
    assert len(made) == len(set(made)) == 9
    assert all(len(bytes.fromhex(secret)) == 32 for secret in made)


def test_what_is_there_stays(folder: Path) -> None:
    before = contents(folder)
    assert make(folder) == ""
    assert contents(folder) == before


def test_a_password_that_was_deleted_is_made_anew_everywhere(folder: Path) -> None:
    before = contents(folder)
    (folder / "clickhouse_admin_password").unlink()
    assert set(make(folder).split()) - {"made"} == {
        "clickhouse_admin_password",
        "clickhouse_admin",
        "clickhouse_admin.xml",
    }
    after = contents(folder)
    assert after["clickhouse_worker"] == before["clickhouse_worker"]
    password = after["clickhouse_admin_password"].strip()
    assert after["clickhouse_admin"] == f"clickhouse://footfall_admin:{password}@clickhouse:9000/default\n"
    xml = ElementTree.fromstring(after["clickhouse_admin.xml"])  # noqa: S314 - just made
    hashed = xml.findtext("users/footfall_admin/password_sha256_hex")
    assert hashed == hashlib.sha256(password.encode()).hexdigest()


def test_clickhouse_may_be_elsewhere(tmp_path: Path) -> None:
    make(tmp_path, "clickhouses://there:9440/shop")
    password = contents(tmp_path)["clickhouse_worker_password"].strip()
    assert contents(tmp_path)["clickhouse_worker"] == f"clickhouses://footfall_worker:{password}@there:9440/shop\n"


def test_footfall_reads_them(folder: Path) -> None:
    settings = Settings.from_env(
        {
            "FOOTFALL_CLICKHOUSE_FILE": str(folder / "clickhouse_worker"),
            "FOOTFALL_MODEL_KEY_FILE": str(folder / "model_key"),
        }
    )
    password = contents(folder)["clickhouse_worker_password"].strip()
    assert settings.clickhouse == f"clickhouse://footfall_worker:{password}@clickhouse:9000/default"
    assert len(settings.model_key) == 64


def test_without_openssl_no_secret_is_empty(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "openssl"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    command = [SCRIPT, tmp_path / "secrets"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 1
    assert "model_key can't be made" in ran.stderr
    assert contents(tmp_path / "secrets") == {}
