"""Following the alert topics of a real broker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest

from schemas.alerts import Alert, SystemAlert
from schemas.topics import ALERTS_CHURN, ALERTS_FRAUD, ALERTS_SYSTEM
from streams.desk import tail as tailing
from streams.desk.tail import FOLLOWED, Followed, tail
from streams.errors import Fatal, Retryable
from streams.settings import Settings
from streams.worker.delivery import Delivery, Message
from tests.schemas.test_alerts import an_alert
from tests.waiting import wait_until

DEADLINE_S = 20.0
SYSTEM = SystemAlert(
    alert_id="s",
    kind="drift.score",
    model="fraud",
    day="2024-05-31",
    value=1,
    threshold=0.2,
    text="drifts",
    raised_ms=1,
)


def fraud(number: int) -> Alert:
    return an_alert(alert_id=f"{number}", user_id=f"user {number}")


def on(settings: Settings, topic: str, alerts: Sequence[Alert | SystemAlert]) -> list[Message]:
    return [Message(settings.topic_prefix + topic, b"key", alert.to_json()) for alert in alerts]


async def first(n: int, settings: Settings, kinds: Sequence[Followed], *, from_start: bool = True) -> list[str]:
    """The ids of the first ``n``."""
    found: list[str] = []
    alerts = tail(settings, kinds, from_start=from_start)
    async for alert in alerts:
        found.append(alert.alert_id)
        if len(found) == n:
            break
    await alerts.aclose()  # type: ignore[attr-defined]
    return found


def run(n: int, settings: Settings, kinds: Sequence[Followed] = FOLLOWED) -> list[str]:
    return asyncio.run(asyncio.wait_for(first(n, settings, kinds), DEADLINE_S))


def test_each_alert_comes_once_and_what_is_none_is_left_out(
    on_broker: Settings, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    frauds = on(on_broker, ALERTS_FRAUD, [fraud(1), fraud(2), fraud(1), fraud(2), fraud(3)])
    garbage = Message(on_broker.topic_prefix + ALERTS_FRAUD, b"key", b"{")
    delivery.send([garbage, *frauds]).result(DEADLINE_S)
    assert run(3, on_broker) == ["1", "2", "3"]
    monkeypatch.setattr(tailing, "REMEMBERED", 1)
    assert run(5, on_broker) == ["1", "2", "1", "2", "3"], "memory is bounded"
    delivery.send(on(on_broker, ALERTS_CHURN, [fraud(4)]) + on(on_broker, ALERTS_SYSTEM, [SYSTEM])).result(DEADLINE_S)
    assert run(1, on_broker, ["churn"]) == ["4"]
    assert run(2, on_broker, ["churn", "system"]) in (["4", "s"], ["s", "4"])


def test_without_broker_or_topic_it_does_not_begin(on_broker: Settings) -> None:
    with pytest.raises(Retryable, match=r"doesn't answer"):
        run(1, replace(on_broker, kafka="127.0.0.1:1"))
    with pytest.raises(Fatal, match=r"^topic elsewhere.alerts.fraud does not exist"):
        run(1, replace(on_broker, topic_prefix="elsewhere."))


def test_the_command_prints_what_comes_until_ctrl_c(on_broker: Settings, delivery: Delivery) -> None:
    delivery.send(on(on_broker, ALERTS_FRAUD, [fraud(0)])).result(DEADLINE_S)
    command = [sys.executable, "-m", "streams", "alerts", "tail", "--kind", "fraud", "--json"]
    with subprocess.Popen(
        command, env=os.environ | on_broker.to_env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.readline() == "Following alerts of kind fraud; Ctrl-C ends it.\n"
        delivery.send(on(on_broker, ALERTS_FRAUD, [fraud(1), fraud(1), fraud(2)])).result(DEADLINE_S)
        printed = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert printed == [json.loads(fraud(number).to_json()) for number in (1, 2)], "none from before"
        process.send_signal(signal.SIGINT)
        wait_until(lambda: process.poll() is not None, DEADLINE_S, "the command has ended")
        assert (process.returncode, process.stdout.read(), process.stderr.read()) == (130, "", "")
