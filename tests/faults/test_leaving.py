"""Workers that are asked to leave while ClickHouse is slow, or doesn't answer at all."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faults.fleet import Worker
from tests.faults.scene import Scene, Site

WITHIN_S = 10.0
SLOW_S = 2.0
"""A flush takes that much longer."""

pytestmark = [pytest.mark.faults, pytest.mark.alone, pytest.mark.timeout(180)]


@contextmanager
def standing_still(scene: Scene) -> Iterator[Worker]:
    """A worker under load that keeps up, and is asked to leave while ClickHouse stands still, for as long as this."""
    clickhouse = scene.site.stack.member("clickhouse")
    worker = scene.fleet.start()
    worker.wait_assigned()
    with scene.load():
        scene.wait_working()
        scene.wait_caught_up()
        clickhouse.stop()
        try:
            worker.signal(signal.SIGTERM)
            yield worker
        finally:
            clickhouse.cont()


def test_what_a_slow_flush_writes_is_committed(tansu: Site, scene_on: Callable[..., Scene]) -> None:
    with scene_on(tansu) as scene:
        with standing_still(scene) as worker:
            time.sleep(SLOW_S)
            assert worker.running
        assert worker.wait(WITHIN_S - SLOW_S) == 0, worker.tail()
        assert scene.uncommitted(worker) == 0
        scene.fleet.start()
        scene.finish()


def test_without_clickhouse_a_worker_leaves_in_time_and_its_records_come_again(
    tansu: Site, scene_on: Callable[..., Scene]
) -> None:
    with scene_on(tansu) as scene:
        with standing_still(scene) as worker:
            assert worker.wait(WITHIN_S) == 0, worker.tail()
        assert "not all was written within 6 s; what wasn't comes again" in worker.text
        scene.fleet.start()
        scene.finish()
