"""The soak, a minute long: workers, the leader and ClickHouse are killed under load, and then all is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from streams.simulate.shop import Shop
from streams.soak.run import Plan, run

pytestmark = [pytest.mark.faults, pytest.mark.alone, pytest.mark.timeout(300)]


def test_a_minutes_soak(tmp_path: Path, seed: int) -> None:
    """So few shoppers live through a month in it: long enough for all segments but those of who returned after one."""
    shop = Shop(seed=seed, shoppers=300, broken=0.01)
    # In so short a calm only a leak of megabytes a second could be told from a worker's first steps.
    plan = Plan(minutes=1, rate=400, shop=shop, fault_every_s=4, memory_growth=0.3)
    soak = run(plan, tmp_path, kafka_home=None, console=Console(quiet=True))
    assert soak.ok, soak.to_dict()
    assert soak.faults["worker"] >= 2
    assert soak.leaders_killed >= 1
    assert soak.faults["clickhouse"] >= 1
    assert soak.audit.total(lambda one: one.records) == soak.records > 0.9 * plan.rate * plan.minutes * 60
    assert all(sent.events for sent in soak.sent.values())
    assert sum(sent.broken for sent in soak.sent.values()) > 0
    assert len(soak.growth) == plan.workers
    populated = {one.name for one in soak.segments.segments if one.members > one.aside}
    assert populated >= {"new_shoppers", "loyal", "cart_abandoners", "hot_leads", "fraud_watch"}
    assert soak.segments.changes > len(populated)
    assert soak.segments.is_whole
