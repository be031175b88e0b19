"""Records that can't be used: one by one they are put aside, a run of nothing else stops the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from schemas.topics import CLICKS
from streams.audit.lag import progress
from tests.faults.fleet import READY_TIMEOUT_S
from tests.faults.load import send_all
from tests.faults.scene import Scene, Site

N_POISON = 1_000

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]


def test_a_run_of_nothing_but_dead_letters_stops_the_worker(site: Site, scene_on: Callable[..., Scene]) -> None:
    with scene_on(site, dead_letter_run=100) as scene:
        fleet, settings = scene.fleet, scene.settings
        send_all(settings, scene.shoppers.act(500))
        send_all(settings, scene.shoppers.poison(N_POISON), codec="zstd")
        stopped = fleet.start()
        assert stopped.wait(READY_TIMEOUT_S) == 1
        (error,) = [line for line in stopped.text.splitlines() if " INFO " not in line]
        assert error.startswith("footfall: ")
        assert "records of clicks partition" in error
        logs, committed = asyncio.run(progress(settings))
        # The run that brought the poison over the ratio, and all after it.
        assert any(log.last - committed.get(pair, 0) > N_POISON / 2 for pair, log in logs.items() if pair[0] == CLICKS)

        fleet.settings = replace(settings, dead_letter_ratio=1.0)
        fleet.start()
        scene.finish()
