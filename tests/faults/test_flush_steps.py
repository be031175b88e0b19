"""Workers that are killed between two steps of a flush, one after the other; the last one completes what they began."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.faults.fleet import READY_TIMEOUT_S
from tests.faults.scene import Scene, Site

RATE = 400

ENDS = (
    ("after", "assignments", "1"),
    ("after", "events", "2"),  # of some topics, not of others
    ("after", "dead_letters", "1"),
    ("after", "alerts", "1"),
    ("after", "profiles", "1"),
    ("before", "ledger", "2"),  # alerts and dead letters are delivered
    ("after", "ledger", "2"),  # nothing is acknowledged
)

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]


def test_killed_between_two_steps_of_a_flush(site: Site, scene_on: Callable[..., Scene]) -> None:
    with scene_on(site) as scene:
        with scene.load(RATE):
            for end in ENDS:
                worker = scene.fleet.start(die=end)
                assert worker.wait(READY_TIMEOUT_S) == -signal.SIGKILL, f"not killed {' '.join(end)}:\n{worker.tail()}"
            scene.fleet.start()
        scene.finish()
