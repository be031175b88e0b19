"""What Compose would run, with the very environments and secret files, on the local servers and without containers."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from deploy.docker.healthy import is_healthy
from streams.worker import machine_code
from tests.deploy.environment import without_containers
from tests.streams.http.client import ask
from tests.streams.process import Process, killed_at_the_end, wait_state

REPOSITORY = Path(__file__).parents[2]
SERVICES = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
FOOTFALL = [sys.executable, "-m", "streams"]
END_S = 10


@pytest.fixture
def secrets(tmp_path: Path, database: str) -> Path:
    """As deploy/secrets.sh makes them, but for ClickHouse's addresses: the local server's only user has no password."""
    folder = tmp_path / "secrets"
    subprocess.run([REPOSITORY / "deploy" / "secrets.sh", folder], check=True, capture_output=True)
    for name in ("clickhouse_admin", "clickhouse_worker"):
        (folder / name).write_text(f"{database}\n")
    return folder


@pytest.fixture
def compiled() -> None:
    """As in the images: a worker that finds no machine code serves half a minute later."""
    machine_code.load()


@pytest.mark.timeout(300)  # where nothing is compiled yet
@pytest.mark.usefixtures("compiled")
def test_set_up_and_a_worker_that_is_watched(secrets: Path, kafka: str, tmp_path: Path) -> None:
    here = {"FOOTFALL_KAFKA": kafka, "FOOTFALL_TOPIC_PREFIX": f"{uuid4().hex[:8]}.", "FOOTFALL_HTTP": "127.0.0.1:0"}

    def environment(service: str) -> dict[str, str]:
        found = without_containers(SERVICES[service]["environment"], secrets) | here
        # The local server's engine knows no users that could be made.
        return {name: value for name, value in found.items() if not name.endswith("_PASSWORD_FILE")}

    for service in ("topics", "migrate"):
        command = [*FOOTFALL, *SERVICES[service]["command"]]
        ran = subprocess.run(command, env=environment(service), capture_output=True, text=True, timeout=60, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")

    with killed_at_the_end() as processes:
        worker = Process([*FOOTFALL, "worker"], environment("worker"), tmp_path / "worker.log")
        processes.append(worker)
        at = worker.wait_serving()
        wait_state(at, "/readyz", "ready")
        assert is_healthy(at.port)
        token = (secrets / "http_token").read_text().strip()
        assert ask(at, "GET", "/metrics")[0] == 401
        assert ask(at, "GET", "/metrics", Authorization=f"Bearer {token}")[0] == 200
        worker.signal(signal.SIGTERM)
        assert worker.wait(END_S) == 0
        assert token not in worker.text
