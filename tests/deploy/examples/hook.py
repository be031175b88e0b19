"""A webhook that fails as it is told, and the example consumer as a process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from tests.waiting import wait_until

PROGRAM = Path(__file__).parents[3] / "deploy" / "examples" / "alert_webhook.py"
DEADLINE_S = 60.0
TOKEN = "s3cret-token"  # noqa: S105 - no secret
PATH = "/hooks/s3cret-path"


class Post(NamedTuple):
    key: str
    body: bytes
    authorization: str
    at_s: float


class Answer(NamedTuple):
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    drops: bool = False
    """The connection is closed without an answer."""


class Hook:
    """Answers 200, but where ``answers`` has some left for the alert.

    Attributes
    ----------
    held
        Alerts whose posts wait for an answer until they are let go.
    """

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        self.held: set[str] = set()
        self.url = ""

    def count(self, key: str) -> int:
        return sum(post.key == key for post in self.posts)

    async def handle(self, request: web.Request) -> web.Response:
        key = request.headers.get("Idempotency-Key", "")
        body = await request.read()
        self.posts.append(Post(key, body, request.headers.get("Authorization", ""), time.monotonic()))
        while key in self.held:
            await asyncio.sleep(0.02)
        answer = self.answers[key].pop(0) if self.answers[key] else Answer()
        if answer.drops and request.transport is not None:
            request.transport.close()
        return web.Response(status=answer.status, headers=answer.headers)

    async def listen(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post(PATH, self.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
        return runner


class Consumer:
    """The program, which has joined its group."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def ended(self) -> int:
        wait_until(lambda: self.process.poll() is not None, DEADLINE_S, "the consumer has ended")
        return self.process.returncode


@contextmanager
def running(hook: Hook, kafka: str, log: Path, *words: str) -> Iterator[Consumer]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
    environ |= {"ALERT_WEBHOOK_URL": hook.url, "ALERT_WEBHOOK_TOKEN": TOKEN}
    command = [sys.executable, str(PROGRAM), "--kafka", kafka, "--session-timeout", "2", *words]
    with log.open("w") as file, subprocess.Popen(command, env=environ, stderr=file, text=True) as process:
        consumer = Consumer(process, log)
        try:
            wait_until(lambda: "Following" in consumer.log or process.poll() is not None, DEADLINE_S, "it has begun")
            yield consumer
        finally:
            process.kill()
