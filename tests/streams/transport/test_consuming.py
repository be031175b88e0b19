"""What a worker reads and commits while all goes well, and when its handler fails."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.topics import INPUTS
from streams.settings import Secret, Settings
from streams.transport.app import create_app

CODECS = (None, "gzip", "snappy", "lz4", "zstd")


def test_each_codec_is_read_acked_and_committed(scene: Any) -> None:
    for codec in CODECS:
        scene.feed(1000, codec=codec)
    worker = scene.start()
    worker.until(lambda it: it.offsets().total() == 5000)
    worker.until(lambda _: scene.committed() == {0: 2500, 1: 2500})
    assert set(worker.offsets().values()) == {1}
    assert len(worker.lines("run")) < 100
    scene.feed(10, topic="labels")
    worker.until(lambda it: it.offsets("labels").total() == 10)
    assert worker.stop() == 0
    assert worker.lines("stopped")
    assert scene.committed("labels") == {0: 5, 1: 5}
    assert [line for line in worker.text().splitlines() if " INFO streams." not in line] == []


def test_a_worker_that_leaves_while_it_warms_up_is_interrupted_first(scene_on_tansu: Any) -> None:
    worker = scene_on_tansu.start("--warm-up-s", "60")
    worker.until(lambda it: it.lines("assigned"))
    assert worker.stop() == 0
    assert [line["what"] for line in worker.lines()] == ["assigned", "interrupted", "stopped"]


def test_acks_out_of_order_stop_the_worker(scene_on_tansu: Any) -> None:
    scene_on_tansu.feed(2000)
    worker = scene_on_tansu.start("--ack", "reversed", batch_records=100)
    assert worker.wait(20) == 1
    lines = [line for line in worker.text().splitlines() if " INFO " not in line]
    assert len(lines) == 1
    assert lines[0].startswith("footfall: clicks, partition ")
    assert lines[0].endswith("was acknowledged out of order")
    assert scene_on_tansu.committed() == {}


def test_a_failing_handler_stops_the_worker(scene: Any) -> None:
    scene.feed(200)
    worker = scene.start("--fail-from", "100")
    worker.until(lambda _: scene.committed() == {0: 100, 1: 100})
    scene.feed(20)
    assert worker.wait(20) == 1
    lines = [line for line in worker.text().splitlines() if " INFO " not in line]
    assert lines == ["footfall: unexpected ValueError: the handler failed"]
    assert scene.committed() == {0: 100, 1: 100}
    assert not worker.lines("stopped")


def test_a_failing_task_stops_the_worker(scene_on_tansu: Any) -> None:
    worker = scene_on_tansu.start("--crash")
    assert worker.wait(20) == 1
    assert worker.text().splitlines()[-1] == "footfall: a task failed"


def test_one_of_two_workers_leads(scene_on_tansu: Any) -> None:
    workers = [scene_on_tansu.start("--elect-leader"), scene_on_tansu.start("--elect-leader")]
    for worker in workers:
        worker.until(
            lambda it: len(it.lines("assigned")) and len(it.lines("assigned")[-1]["partitions"]) == len(INPUTS)
        )
    n_led = [len(worker.lines("led")) for worker in workers]
    workers[0].until(lambda _: any(len(it.lines("led")) > n + 2 for it, n in zip(workers, n_led, strict=True)))
    assert sum(len(it.lines("led")) > n for it, n in zip(workers, n_led, strict=True)) == 1
    assert [worker.stop() for worker in workers] == [0, 0]


@pytest.mark.parametrize("security", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
def test_the_app_keeps_the_password_to_itself(security: str) -> None:
    password = Secret("hunter2")
    settings = Settings(kafka_security=security, kafka_user="shop", kafka_password=password)
    app = create_app(settings, topics=["clicks"], handler=None)  # type: ignore[arg-type]
    credentials = app.conf.broker_credentials
    assert credentials is None if security == "PLAINTEXT" else credentials.protocol.value == security
    assert "hunter2" not in f"{credentials!r} {app!r} {app.conf!r} {vars(credentials) if credentials else ''}"
