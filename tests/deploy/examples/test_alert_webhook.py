"""The example consumer, against a real broker and a webhook that fails in the ways webhooks do."""

from __future__ import annotations

import ast
import asyncio
import base64
import doctest
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.examples import alert_webhook
from schemas.alerts import Alert
from tests.deploy.examples.hook import DEADLINE_S, PROGRAM, TOKEN, Answer, Hook, running
from tests.schemas.test_alerts import an_alert
from tests.waiting import wait_until

PARTITIONS = 2


class Topics:
    """Topics of the test's own, and what is on them."""

    def __init__(self, kafka: str) -> None:
        name = uuid4().hex[:8]
        self._kafka = kafka
        self.alerts, self.letters, self.group = f"{name}.alerts", f"{name}.letters", f"{name}-webhook"
        self.words = ("--topics", self.alerts, "--dead-letters", self.letters, "--group", self.group)

    async def create(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._kafka)
        await admin.start()
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in (self.alerts, self.letters)])
        await admin.close()

    def send(self, values: list[bytes], partition: int | None = None) -> None:
        """To one partition, in this order, or by keys to both."""

        async def work() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self._kafka, acks="all") as producer:
                for number, value in enumerate(values):
                    await producer.send_and_wait(self.alerts, value, key=b"user %d" % number, partition=partition)

        asyncio.run(asyncio.wait_for(work(), DEADLINE_S))

    def dead_letters(self) -> list[dict[str, Any]]:
        async def work() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = []
            async with AIOKafkaConsumer(bootstrap_servers=self._kafka) as consumer:
                partitions = [TopicPartition(self.letters, number) for number in range(PARTITIONS)]
                consumer.assign(partitions)
                await consumer.seek_to_beginning()
                ends = await consumer.end_offsets(partitions)
                while len(found) < sum(ends.values()):
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        found += [json.loads(record.value) for record in records]
            return found

        return asyncio.run(asyncio.wait_for(work(), DEADLINE_S))

    def committed(self) -> int:
        """Of both partitions together."""

        async def work() -> int:
            admin = AIOKafkaAdminClient(bootstrap_servers=self._kafka)
            await admin.start()
            try:
                partitions = [TopicPartition(self.alerts, number) for number in range(PARTITIONS)]
                offsets = await admin.list_consumer_group_offsets(self.group, partitions=partitions)
                return sum(max(one.offset, 0) for one in offsets.values())
            finally:
                await admin.close()

        return asyncio.run(asyncio.wait_for(work(), DEADLINE_S))


@pytest.fixture
def topics(kafka: str) -> Topics:
    found = Topics(kafka)
    asyncio.run(asyncio.wait_for(found.create(), DEADLINE_S))
    return found


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Listening on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="hook")
    thread.start()
    hook = Hook()
    runner = asyncio.run_coroutine_threadsafe(hook.listen(), loop).result(DEADLINE_S)
    yield hook
    hook.held.clear()
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(DEADLINE_S)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(DEADLINE_S)
    loop.close()


def alert(number: int) -> Alert:
    return an_alert(alert_id=f"alert-{number}", user_id=f"user {number}")


def test_it_needs_nothing_of_footfall() -> None:
    tree = ast.parse(PROGRAM.read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    others = {str(name).partition(".")[0] for name in imported} - sys.stdlib_module_names
    assert others == {"aiokafka", "aiohttp"}
    assert doctest.testmod(alert_webhook).failed == 0


def test_alerts_are_posted_through_failures_and_what_will_not_do_is_a_dead_letter(
    hook: Hook, topics: Topics, kafka: str, tmp_path: Path
) -> None:
    alerts = [alert(number) for number in range(10)]
    hook.answers |= {
        "alert-0": [Answer(503, {"Retry-After": "1"})],
        "alert-1": [Answer(429), Answer(drops=True)],
        "alert-2": [Answer(408), Answer(425)],
        "alert-3": [Answer(400)],
        "alert-4": [Answer(404, {"Retry-After": "1"})],
        "alert-5": [Answer(302, {"Location": hook.url})],
        "alert-6": [Answer(500)] * 20,
        "alert-7": [Answer(503, {"Retry-After": "3600"})],
    }
    broken = [b"{", b'{"alert_id": 7}', b'["alert_id"]', b'{"alert_id": "a\\r\\nHost: x"}', b""]
    topics.send([*(one.to_json() for one in alerts), *broken, alerts[8].to_json(), alerts[8].to_json()])
    sent = len(alerts) + len(broken) + 2
    with running(hook, kafka, tmp_path / "log", *topics.words, "--deadline", "3") as consumer:
        wait_until(lambda: topics.committed() == sent, DEADLINE_S, "all is committed")
        consumer.process.send_signal(signal.SIGTERM)
        assert consumer.ended() == 0
    tries = {one.alert_id: hook.count(one.alert_id) for one in alerts}
    assert tries.pop("alert-6") >= 3
    assert list(tries.values()) == [2, 3, 3, 1, 1, 1, 1, 1, 1]
    bodies = {one.alert_id: one.to_json() for one in alerts}
    assert all(post.body == bodies[post.key] and post.authorization == f"Bearer {TOKEN}" for post in hook.posts)
    first, second = (post.at_s for post in hook.posts if post.key == "alert-0")
    assert second - first >= 1.0, "as Retry-After asks"

    letters = topics.dead_letters()
    reasons = {one["alert_id"]: one["reason"] for one in letters if one["alert_id"]}
    assert reasons == {
        "alert-3": "HTTP 400",
        "alert-4": "HTTP 404",
        "alert-5": "HTTP 302",
        "alert-6": "HTTP 500, and no success within 3 s",
        "alert-7": "HTTP 503, and no success within 3 s",
    }
    values = {base64.b64decode(one["value"]) for one in letters if not one["alert_id"]}
    assert values == set(broken)
    assert {one["reason"] for one in letters if not one["alert_id"]} == {"not JSON", "no alert_id"}
    (letter,) = (one for one in letters if one["alert_id"] == "alert-3")
    assert msgspec.json.decode(base64.b64decode(letter["value"]), type=Alert) == alerts[3]
    for secret in ("s3cret", "user 3", hook.url):
        assert secret not in consumer.log


def test_no_alert_is_lost_when_it_is_killed_nor_repeated_when_it_is_ended(
    hook: Hook, topics: Topics, kafka: str, tmp_path: Path
) -> None:
    """Killed in the middle of a post, ended in the middle of another one, and ended between two tries of a third."""
    topics.send([alert(number).to_json() for number in range(30)], partition=1)
    hook.held |= {"alert-7"}
    with running(hook, kafka, tmp_path / "log", *topics.words) as consumer:
        wait_until(lambda: hook.count("alert-7"), DEADLINE_S, "a post waits for its answer")
        consumer.process.kill()
    hook.held = {"alert-19"}
    with running(hook, kafka, tmp_path / "log", *topics.words) as consumer:
        wait_until(lambda: hook.count("alert-19"), DEADLINE_S, "another one waits for its answer")
        consumer.process.send_signal(signal.SIGTERM)
        wait_until(lambda: signal_is_taken(consumer.process), DEADLINE_S, "it has heard the signal")
        hook.held = set()
        assert consumer.ended() == 0
    hook.answers["alert-24"] = [Answer(503, {"Retry-After": "60"})]
    with running(hook, kafka, tmp_path / "log", *topics.words) as consumer:
        wait_until(lambda: "alert-24: HTTP 503" in consumer.log, DEADLINE_S, "a third one failed")
        consumer.process.send_signal(signal.SIGTERM)
        assert consumer.ended() == 0
    with running(hook, kafka, tmp_path / "log", *topics.words) as consumer:
        wait_until(lambda: topics.committed() == 30, DEADLINE_S, "all is committed")
    counts = {key: hook.count(key) for key in (f"alert-{number}" for number in range(30))}
    assert {key: n for key, n in counts.items() if n != 1} == {"alert-7": 2, "alert-24": 2}
    assert topics.dead_letters() == []


def signal_is_taken(process: subprocess.Popen[str]) -> bool:
    """Whether no SIGTERM is pending: asyncio's handler has it."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    pending = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd"))]
    return not any(mask >> (signal.SIGTERM - 1) & 1 for mask in pending)


def test_without_a_webhook_it_does_not_begin() -> None:
    wrong = ["", "hooks.example.com/s3cret", "ftp://host/s3cret", "http:///s3cret", "http://[s3cret"]
    assert [url for url in wrong if alert_webhook.is_url(url)] == []
    environ = {"ALERT_WEBHOOK_URL": wrong[-1]}
    done = subprocess.run([sys.executable, str(PROGRAM)], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.rstrip().endswith("ALERT_WEBHOOK_URL must be an http or https URL")
    assert "s3cret" not in done.stderr
