"""Workers that are asked to leave while ClickHouse is slow, or doesn't answer at all."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.fleet import Worker
from tests.faults.scene import Scene, Site

WITHIN_S = 10.0
SLOW_S = 2.0
"""A flush takes that much longer."""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]


def leave(worker: Worker, *, within_s: float = WITHIN_S) -> None:
    assert worker.wait(within_s) == 0, worker.tail()


def test_what_a_slow_flush_writes_is_committed(tansu: Site, scene_on: Callable[..., Scene]) -> None:
    with scene_on(tansu) as scene:
        clickhouse = scene.site.stack.member("clickhouse")
        worker = scene.fleet.start()
        worker.wait_assigned()
        with scene.load():
            scene.wait_caught_up()
            clickhouse.stop()
            began = time.monotonic()
            worker.signal(signal.SIGTERM)
            time.sleep(SLOW_S)
            assert worker.running
            clickhouse.cont()
            leave(worker, within_s=began + WITHIN_S - time.monotonic())
        assert scene.uncommitted(worker) == 0
        scene.fleet.start()
        scene.finish()


def test_without_clickhouse_a_worker_leaves_in_time_and_its_records_come_again(
    tansu: Site, scene_on: Callable[..., Scene]
) -> None:
    with scene_on(tansu) as scene:
        clickhouse = scene.site.stack.member("clickhouse")
        worker = scene.fleet.start()
        worker.wait_assigned()
        with scene.load():
            scene.wait_caught_up()
            clickhouse.stop()
            worker.signal(signal.SIGTERM)
            try:
                leave(worker)
            finally:
                clickhouse.cont()
        assert "not all was written within 6 s; what wasn't comes again" in worker.text
        scene.fleet.start()
        scene.finish()
