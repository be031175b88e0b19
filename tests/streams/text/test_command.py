"""``footfall text-worker`` as a process: on a real broker and engine, stopped as an operator does."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.text.engine import TextEngine
from schemas.topics import REVIEW_TEXTS, REVIEWS
from streams.audit.run import audit
from streams.clickhouse.reader import Reader
from streams.errors import SettingError
from streams.settings import Settings
from streams.text.model import open_engine
from tests.faults.load import send_all
from tests.faults.shoppers import Sent
from tests.streams.process import READY_S, Process, Start, killed_at_the_end
from tests.waiting import wait_until

LEAVE_S = 10.0
COMMAND = (sys.executable, "-m", "streams", "text-worker", "--name", "w1")
HANGING = Path(__file__).with_name("hanging_engine.py")


@pytest.fixture
def start(for_texts: Settings, tmp_path: Path) -> Iterator[Start]:
    with killed_at_the_end() as processes:

        def started(*command: str, **changes: Any) -> Process:
            settings = replace(for_texts, commit_interval_s=0.2, **changes)
            environment = settings.to_env() | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
            processes.append(Process(command or COMMAND, environment, tmp_path / f"{len(processes)}.log"))
            return processes[-1]

        yield started


def reviews(first: int, n: int) -> list[Sent]:
    return [
        Sent(
            REVIEWS,
            b"u%d" % (number % 7),
            json.dumps(
                {
                    "type": "review",
                    "event_id": f"e{number}",
                    "user_id": f"u{number % 7}",
                    "ts": time.time_ns() // 1_000_000,
                    "item": "i1",
                    "rating": 3,
                    "text": "it broke. " * (1 + number % 20),
                }
            ).encode(),
        )
        for number in range(first, first + n)
    ]


def test_from_start_to_leaving(for_texts: Settings, reader: Reader, engine: TextEngine, start: Start) -> None:
    send_all(for_texts, reviews(0, 300))
    worker = start(http="127.0.0.1:0")
    model = worker.wait_said(r"text model (\S+) on cpu in \S+")
    assert model == engine.score(["x"]).model
    _, port = worker.wait_serving()
    worker.wait_said(r"assigned (reviews 0 1)")
    rows = "SELECT count() FROM review_scores FINAL"
    wait_until(lambda: reader.query(rows) == [(300,)], READY_S, "all are scored")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_S)
    connection.request("POST", "/v1/text:score", b'{"texts": ["it broke."]}', {"Content-Type": "application/json"})
    (one,) = json.loads(connection.getresponse().read())["scores"]
    assert one["negative"] == pytest.approx(float(engine.score(["it broke."]).columns["negative"][0]), abs=1e-5)
    connection.request("GET", "/readyz")
    assert connection.getresponse().read() == b'{"status":"ready"}'
    connection.close()

    send_all(for_texts, reviews(300, 2_000))
    wait_until(lambda: reader.query(rows)[0][0] > 300, READY_S, "it goes on")
    began = time.monotonic()
    worker.signal(signal.SIGTERM)
    assert worker.wait(READY_S) == 0
    assert time.monotonic() - began < LEAVE_S
    assert "broke" not in worker.text
    found = asyncio.run(audit(for_texts))
    assert found.problems == []
    done = {one.partition: one for one in found.partitions if one.topic == REVIEW_TEXTS}
    assert all(one.committed == one.last + 1 for one in done.values()), "it left without committing all"
    assert found.to_dict()["review_scores_rows"] == sum(one.rows for one in done.values()) > 300

    # Another one does the rest.
    start().wait_said(r"assigned (.*)")
    wait_until(lambda: reader.query(rows) == [(2_300,)], READY_S, "all are scored")


def test_an_engine_that_hangs_ends_the_worker(for_texts: Settings, start: Start) -> None:
    send_all(for_texts, reviews(0, 50))
    worker = start(sys.executable, str(HANGING))
    assert worker.wait(READY_S) == 1
    (error,) = [line for line in worker.text.splitlines() if line.startswith("footfall: ")]
    assert re.match(r"footfall: the text engine has not scored \d+ texts within 1 s$", error)
    assert "Traceback" not in worker.text


def test_beyond_loopback_without_a_token_it_does_not_start(start: Start) -> None:
    worker = start(http="0.0.0.0:0")
    assert worker.wait(READY_S) == 2
    assert worker.text == (
        "footfall: FOOTFALL_HTTP is '0.0.0.0:0', which others than this machine may reach: "
        "set FOOTFALL_HTTP_TOKEN, or listen on 127.0.0.1\n"
    )


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"text_model": os.devnull}, f"^FOOTFALL_TEXT_MODEL: {os.devnull} "),
        ({"text_device": "abacus"}, "^FOOTFALL_TEXT_DEVICE, FOOTFALL_TEXT_PRECISION: "),
    ],
)
def test_a_model_or_device_that_is_not_there(given: dict[str, str], error: str, text_model: Path) -> None:
    with pytest.raises(SettingError, match=error):
        open_engine(Settings(**{"text_model": str(text_model)} | given))
