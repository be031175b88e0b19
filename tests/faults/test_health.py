"""A worker's probes while ClickHouse stands still, and once it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from schemas.topics import CLICKS
from streams.worker.health import Health
from tests.faults.scene import Scene, Site
from tests.finishing import finish
from tests.streams.worker.owner import partition
from tests.streams.worker.runs import run_from
from tests.streams.worker.test_pipeline import pipeline
from tests.waiting import POLL_S

DEADLINE_S = 60.0
STALLED_S = 1.0

pytestmark = pytest.mark.faults


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(POLL_S)


def test_a_worker_that_gets_nowhere_is_not_well_until_it_does(tansu: Site, scene_on: Callable[..., Scene]) -> None:
    async def work(scene: Scene) -> None:
        clickhouse = scene.site.stack.member("clickhouse")
        async with pipeline(scene.settings) as made:
            health = Health(made.figures, dict, stalled_s=STALLED_S)
            assert (health.unwell, health.unready) == ("", "not assigned")
            await made.on_assigned(partition(1))
            await made.on_run(run_from(CLICKS, 0, 9, partition=1))
            await until(lambda: not made.figures.is_busy)
            await asyncio.sleep(STALLED_S)
            assert health.unwell == "", "there is nothing to do"
            await until(lambda: health.unready == "")
            clickhouse.stop()
            try:
                await made.on_run(run_from(CLICKS, 10, 19, partition=1))
                assert health.unwell == ""
                await until(lambda: health.unwell == "no progress")
                await until(lambda: health.unready == "ClickHouse doesn't answer")
            finally:
                clickhouse.cont()
            await until(lambda: (health.unwell, health.unready) == ("", ""))
            await made.on_stop()
            assert health.unready == "not assigned"

    with scene_on(tansu, clickhouse_timeout_s=2.0, learn_interval_s=0.2, flush_interval_s=0.0) as scene:
        finish(work(scene), DEADLINE_S)
