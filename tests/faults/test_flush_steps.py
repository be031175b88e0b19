"""Workers that are killed or stopped between two steps of a flush; others complete what they began."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.faults.fleet import READY_TIMEOUT_S
from tests.faults.scene import Scene, Site

MOMENTS = (
    (
        "after assignments 1",
        "after events 2",  # of some topics, not of others
        "after dead_letters 1",
    ),
    (
        "after alerts 1",
        "after ledger 1",  # which tells the epoch's start; there are no profiles yet
        "after profiles 1",
    ),
    (
        "before ledger 2",  # alerts and dead letters are delivered
        "after ledger 2",  # nothing is acknowledged
    ),
)
"""What is written there side by side runs side by side."""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_workers_that_end_within_a_flush(site: Site, scene_on: Callable[..., Scene]) -> None:
    with scene_on(site) as scene:
        with scene.load():
            for moments in MOMENTS:
                workers = [scene.fleet.start(at=f"{moment} SIGKILL") for moment in moments]
                for worker, moment in zip(workers, moments, strict=True):
                    assert worker.wait(READY_TIMEOUT_S) == -signal.SIGKILL, f"not killed {moment}:\n{worker.tail()}"
            scene.fleet.start()
        scene.finish()


def test_a_worker_that_goes_on_with_its_flush_after_its_successor_died_in_one(
    tansu: Site, scene_on: Callable[..., Scene]
) -> None:
    """What the first one enters into the ledger late mustn't count: its profiles are overruled by the second one's,
    which hold less. Nothing of this depends on the broker."""
    with scene_on(tansu, partitions=1) as scene:
        with scene.load():
            first = scene.fleet.start(at="before profiles 2 SIGSTOP", flush_interval_s=2.0)
            first.wait_paused()
            second = scene.fleet.start(at="before ledger 2 SIGKILL", batch_records=20)
            assert second.wait(READY_TIMEOUT_S) == -signal.SIGKILL
            first.signal(signal.SIGCONT)
        scene.finish()
