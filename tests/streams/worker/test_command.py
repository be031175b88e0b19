"""``footfall worker`` as a process: what it tells, and how it ends, on a real broker and engine."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import CLICKS
from streams.metrics.names import LEADER, SERVICES, WORKER
from streams.settings import Settings
from tests.faults.load import send_all
from tests.faults.shoppers import Sent
from tests.streams.http.client import ask
from tests.streams.metrics.reading import samples_of, told, value, values
from tests.streams.process import READY_S, Process, Start, killed_at_the_end, wait_state
from tests.waiting import wait_until

COMMAND = (sys.executable, "-m", "streams", "worker", "--name", "w1")


@pytest.fixture
def start(on_broker: Settings, tmp_path: Path) -> Iterator[Start]:
    with killed_at_the_end() as processes:

        def started(**changes: Any) -> Process:
            settings = replace(on_broker, commit_interval_s=0.2, learn_interval_s=0.2, **changes)
            processes.append(Process(COMMAND, settings.to_env(), tmp_path / f"{len(processes)}.log"))
            return processes[-1]

        yield started


def views(first: int, n: int, **fields: Any) -> list[Sent]:
    """By seven shoppers, of now."""
    made = []
    for number in range(first, first + n):
        user = f"u{number % 7}"
        event = {"type": "view", "event_id": f"e{number}", "user_id": user, "item": "i1"}
        event |= {"ts": time.time_ns() // 1_000_000} | fields
        made.append(Sent(CLICKS, user.encode(), json.dumps(event).encode()))
    return made


def test_it_tells_what_it_does(on_broker: Settings, start: Start) -> None:
    hostile = ["ann@example.com", 'x"} evil{y="', "a: b\n"]
    broken = [views(1_000 + n, 1, type=text) for n, text in enumerate(hostile)] + [views(1_010, 1, price="ann")]
    broken += [[Sent(CLICKS, b"u1", b"ann@example.com")]]
    send_all(on_broker, views(0, 300) + views(0, 1) + [one for some in broken for one in some])
    worker = start()
    at = worker.wait_serving()
    records = "footfall_worker_records_total"
    wait_until(lambda: sum(values(ask(at, "GET", "/metrics")[1], records).values()) == 306, READY_S, "all is done")
    wait_state(at, "/readyz", "ready")
    assert ask(at, "GET", "/healthz")[:2] == (200, {"status": "alive"})

    exposed = ask(at, "GET", "/metrics")[1]
    assert value(exposed, "footfall_worker_assigned_partitions", topic=CLICKS) == 2
    assert value(exposed, "footfall_worker_assignments_total") == 1
    for outcome, wanted in {"row": 300, "duplicate": 1, "dead letter": 5}.items():
        assert value(exposed, records, topic=CLICKS, outcome=outcome) == wanted
    for reason, wanted in {"type": 3, "price": 1, "JSON": 1}.items():
        assert value(exposed, "footfall_worker_dead_letters_total", topic=CLICKS, reason=reason) == wanted
    assert [value(exposed, "footfall_worker_lag_records", topic=CLICKS, partition=n) for n in "01"] == [0, 0]
    assert 0 <= value(exposed, "footfall_worker_event_delay_seconds", topic=CLICKS) < READY_S
    assert value(exposed, "footfall_worker_flush_rows_sum") == 306
    assert value(exposed, "footfall_clickhouse_rows_total", table="events") == 300
    assert value(exposed, "footfall_worker_profile_rows") >= 8
    assert value(exposed, "footfall_worker_alert_threshold", kind="fraud") == on_broker.fraud_threshold
    labels = {"kind": "churn", "model": "churn", "role": "champion", "version": ""}
    assert value(exposed, "footfall_worker_model_info", **labels) == 1
    assert value(exposed, "footfall_leader_leading") == 1
    assert value(exposed, "footfall_service_out", service="clickhouse") == 0
    assert value(exposed, "process_cpu_seconds_total") > 0
    assert {"ann", "evil", "u1", "e1", "i1"}.isdisjoint(label for _, found in samples_of(exposed) for _, label in found)

    assert told(exposed) == {**WORKER, **LEADER, **SERVICES}.keys()


def test_beyond_loopback_without_a_token_it_does_not_start(start: Start) -> None:
    worker = start(http="0.0.0.0:0")
    assert worker.wait(READY_S) == 2
    assert worker.text == (
        "footfall: FOOTFALL_HTTP is '0.0.0.0:0', which others than this machine may reach: "
        "set FOOTFALL_HTTP_TOKEN, or listen on 127.0.0.1\n"
    )
