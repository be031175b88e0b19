"""Workers under load that are killed, paused, joined and left, while the servers go away and come back.

The short storm is part of every run. ``make faults`` raises ``FAULTS_KILLS`` for a long one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

import pytest

from tests.faults.scene import COMMIT_INTERVAL_S, RATE, Scene, Site
from tests.faults.storm import Fault, Storm

KILLS = int(os.environ.get("FAULTS_KILLS", "0"))
"""How many workers the long storm kills; 0 leaves it out."""

SHORT_PAUSE_S, LONG_PAUSE_S = 12.0, 20.0

SHORT: tuple[Fault, ...] = ("kill", "kill", "clickhouse", "leave", "zombie", "kill", "broker paused", "kill")
WEIGHTS: dict[Fault, int] = {"kill": 60, "leave": 12, "zombie": 8, "clickhouse": 12, "broker paused": 4}

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300 + 30 * KILLS)]


def weather(seed: int, site: Site) -> Iterator[Fault]:
    """Faults without end."""
    weights = WEIGHTS | ({"broker killed": 4} if site.kind == "kafka" else {})
    chance = random.Random(seed)  # noqa: S311 - not for secrecy
    while True:
        yield from chance.choices(list(weights), list(weights.values()))


def test_a_storm(site: Site, scene_on: Callable[..., Scene]) -> None:
    faults = list(SHORT) + (["broker killed"] if site.kind == "kafka" else [])
    with scene_on(site, profile_cache_rows=1_000) as scene:
        with scene.load():
            storm = Storm(scene, paused_s=SHORT_PAUSE_S)
            storm.begin()
            for fault in faults:
                storm.strike(fault)
        scene.finish()


@pytest.mark.skipif(not KILLS, reason="FAULTS_KILLS is not set: make faults")
def test_a_long_storm(site: Site, scene_on: Callable[..., Scene]) -> None:
    with scene_on(site, profile_cache_rows=1_000) as scene:
        with scene.load():
            storm = Storm(scene, paused_s=LONG_PAUSE_S)
            storm.begin()
            for fault in weather(scene.seed, site):
                storm.strike(fault)
                if storm.kills >= KILLS:
                    break
        scene.finish()


def test_a_killed_worker_costs_less_than_two_commit_intervals(site: Site, scene_on: Callable[..., Scene]) -> None:
    with scene_on(site) as scene:
        with scene.load():
            storm = Storm(scene, paused_s=SHORT_PAUSE_S)
            storm.begin()
            scene.wait_caught_up()
            victim = scene.fleet.workers[0]
            victim.kill()
            assert scene.uncommitted(victim) < 2 * COMMIT_INTERVAL_S * RATE
        scene.finish()
