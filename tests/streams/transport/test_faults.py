"""Workers that are killed, workers that come and go, and brokers that go away."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from schemas.topics import INPUTS

pytestmark = pytest.mark.faults


def complete(counts: Counter[tuple[int, int]], total: int) -> bool:
    return len(counts) == total


def in_order(worker: Any) -> bool:
    """Within an assignment each partition's offsets only grow."""
    seen: dict[tuple[int, str, int], int] = {}
    for run in worker.lines("run"):
        key = run["generation"], run["topic"], run["partition"]
        if run["offsets"] != sorted(set(run["offsets"])) or run["offsets"][0] <= seen.get(key, -1):
            return False
        seen[key] = run["offsets"][-1]
    return True


def test_what_was_acked_does_not_come_again_and_what_was_not_does(scene_on_tansu: Any) -> None:
    scene_on_tansu.feed(400)
    killed = scene_on_tansu.start("--ack-below", "200")
    killed.until(lambda _: scene_on_tansu.committed() == {0: 200, 1: 200})
    scene_on_tansu.feed(100)
    killed.until(lambda it: it.offsets().total() == 500)
    killed.stop(signal.SIGKILL)
    heir = scene_on_tansu.start()
    heir.until(lambda it: it.offsets().total() >= 100)
    assert heir.offsets() == Counter((partition, offset) for partition in (0, 1) for offset in range(200, 250))


@pytest.mark.alone
def test_a_killed_worker_costs_less_than_two_commit_intervals(scene: Any, load: Any) -> None:
    per_second = 2000
    with load(scene, per_second) as feeding:
        killed = scene.start("--ack", "flush")
        sent = feeding.sent
        killed.until(lambda _: sum(scene.committed().values()) >= sent)  # it keeps up
        killed.stop(signal.SIGKILL)
        heir = scene.start("--ack", "flush")
        heir.until(lambda it: it.lines("run"))
    heir.until(lambda it: complete(killed.offsets() | it.offsets(), feeding.sent))
    again = killed.offsets() & heir.offsets()
    assert again.total() < 2 * scene.settings.commit_interval_s * per_second
    assert in_order(killed)
    assert in_order(heir)


def test_workers_join_and_leave_without_loss_or_repetition(scene: Any, load: Any) -> None:
    per_second = 1000
    with load(scene, per_second) as feeding:
        first = scene.start("--ack", "flush")
        first.until(lambda it: it.lines("run"))
        # On Tansu, whose sessions may be short, the warm-up outlasts one.
        second = scene.start("--ack", "flush", "--warm-up-s", "2.0" if scene.broker.kind == "tansu" else "0.2")
        second.until(lambda it: it.lines("run"))
        assert second.stop() == 0
        n_assigned = len(first.lines("assigned"))
        first.until(
            lambda it: (
                len(it.lines("assigned")) > n_assigned or len(it.lines("assigned")[-1]["partitions"]) == 2 * len(INPUTS)
            )
        )
        n_records = first.offsets().total()
        first.until(lambda it: it.offsets().total() > n_records + per_second)
    first.until(lambda it: complete(it.offsets() | second.offsets(), feeding.sent))
    assert first.stop() == 0
    assert in_order(first)
    assert in_order(second)
    assert set((first.offsets() + second.offsets()).values()) == {1}
    shared = [{partition for _, partition in line["partitions"]} for line in second.lines("assigned")]
    assert all(
        len(line["partitions"]) == len(INPUTS) * len(own)
        for line, own in zip(second.lines("assigned"), shared, strict=True)
    )


def test_an_outage_within_the_deadline_passes_and_a_longer_one_stops_the_worker(
    scene_on: Callable[[Any], Any], tansu: Any, request: pytest.FixtureRequest
) -> None:
    brokers = [tansu]
    with suppress(pytest.skip.Exception):
        brokers.append(request.getfixturevalue("apache_kafka"))
    scenes = [scene_on(broker) for broker in brokers]
    patient = []
    impatient = []
    for scene in scenes:
        scene.create_topics()
        scene.feed(100)
        patient.append(scene.start())
    for broker, worker in zip(brokers, patient, strict=True):
        other = scene_on(broker)
        other.create_topics()
        impatient.append(other.start(outage_deadline_s=3))
        impatient[-1].until(lambda it: it.lines("assigned"))
        worker.until(lambda it: it.offsets().total() == 100)
    for broker in brokers:
        broker.member.stop()
    try:
        time.sleep(10)
        for worker in impatient:
            assert worker.wait(10) == 1
            assert worker.text().splitlines()[-1].startswith("footfall: Kafka at ")
            assert "has not answered for" in worker.text().splitlines()[-1]
    finally:
        for broker in brokers:
            broker.member.cont()
    for scene, worker in zip(scenes, patient, strict=True):
        scene.feed(100)
        worker.until(lambda it: complete(it.offsets(), 200))
        worker.until(lambda _, scene=scene: scene.committed() == {0: 100, 1: 100})
        assert worker.stop() == 0
        assert in_order(worker)


def test_a_broker_killed_and_restarted(scene_on: Callable[[Any], Any], apache_kafka: Any) -> None:
    scene = scene_on(apache_kafka)
    scene.create_topics()
    scene.feed(1000)
    worker = scene.start()
    worker.until(lambda it: it.offsets().total() == 1000)
    apache_kafka.member.kill()
    apache_kafka.member.restart()
    scene.feed(1000)
    worker.until(lambda it: complete(it.offsets(), 2000))
    worker.until(lambda _: scene.committed() == {0: 1000, 1: 1000})
    assert worker.stop() == 0
    assert in_order(worker)
