"""Workers under load that are killed, paused, joined and left, while the servers go away and come back.

The short storm is part of every run; ``make faults`` adds a long one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from tests.faults.scene import Scene, Site
from tests.faults.storm import Fault, Storm

PAUSE_SESSIONS = 2
LONG_PAUSE_S = 20.0

SHORT: tuple[Fault, ...] = ("calm kill", "kill", "clickhouse", "leave", "zombie", "broker paused", "kill")
WEIGHTS: dict[Fault, int] = {"kill": 60, "leave": 12, "zombie": 8, "clickhouse": 12, "broker paused": 4}

pytestmark = [pytest.mark.faults, pytest.mark.alone, pytest.mark.timeout(240)]


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
            storm = Storm(scene, paused_s=PAUSE_SESSIONS * site.session_timeout_s)
            storm.begin()
            for fault in faults:
                storm.strike(fault)
        scene.finish()


@pytest.mark.timeout(1800)
def test_a_long_storm(site: Site, scene_on: Callable[..., Scene], long_kills: int) -> None:
    with scene_on(site, profile_cache_rows=1_000) as scene:
        with scene.load():
            storm = Storm(scene, paused_s=LONG_PAUSE_S)
            storm.begin()
            for fault in weather(scene.seed, site):
                storm.strike(fault)
                if storm.kills >= long_kills:
                    break
        scene.finish()
