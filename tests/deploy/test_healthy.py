"""The containers' health check, asked of real servers."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from aiohttp import web

from deploy.docker.healthy import is_healthy
from streams.http.address import Address
from streams.http.probes import probes
from streams.http.serving import serving
from streams.settings import Secret


class Process:
    def __init__(self, unwell: str, unready: str) -> None:
        self.unwell = unwell
        self.unready = unready


@pytest.mark.parametrize(
    ("process", "healthy"),
    [(Process("", ""), True), (Process("", "not assigned"), True), (Process("no progress", ""), False)],
)
def test_a_process_is_healthy_while_it_is_alive(process: Process, healthy: bool) -> None:
    app = web.Application()
    app.add_routes(probes(process, lambda: b"", token=Secret("s3cret")))
    with serving(app, Address("127.0.0.1", 0)) as at:
        assert at
        assert is_healthy(at.port) is healthy
        command = [sys.executable, "-m", "deploy.docker.healthy", str(at.port)]
        assert subprocess.run(command, check=False, timeout=10).returncode == (0 if healthy else 1)


def test_nobody_there_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    assert not is_healthy(port)
