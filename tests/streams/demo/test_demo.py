"""The demo, as a newcomer runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.demo.scenarios import SCENARIOS
from streams.demo.simulated import scenario

TIMEOUT_S = 240.0


@pytest.mark.timeout(TIMEOUT_S + 30)
def test_the_demo_ends_well_and_says_so_as_json(tmp_path: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_") and name != "KAFKA_HOME"
    }
    done = subprocess.run(
        [sys.executable, "-m", "streams", "demo", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    printed = json.loads(done.stdout.splitlines()[-1])
    assert printed["problems"] == []
    assert (printed["missing"], printed["double"]) == (0, 0)
    assert printed["audit_ok"] is printed["segments_verified"] is True
    assert printed["events_in"] == scenario().total
    others = printed["duplicates"] + printed["dead_letters"]
    assert printed["events_rows"] + printed["labels_rows"] + others == printed["events_in"]
    assert printed["duplicates"] == printed["sent_again"] > 0
    assert printed["dead_letters"] == printed["broken"] > 0
    assert printed["reviews_read"] > 500
    assert printed["segment_changes"] > sum(printed["segments"].values()) > 500
    judged = printed["segments_judged"]["new_shoppers"]
    assert min(judged["precision"], judged["recall"]) > 0.9
    weeks = printed["weeks"]
    assert sum(week["sent"] for week in weeks) == printed["alerts"]["fraud"] > 0
    assert all(week["right"] <= week["sent"] and week["caught"] <= week["frauds"] for week in weeks)
    assert sum(ring["frauds"] for ring in printed["rings"]) == sum(week["frauds"] for week in weeks)
    assert all(ring["found"] <= ring["rings"] for ring in printed["rings"])
    assert printed["churn"]["roc_auc"] > 0.5
    assert printed["profiles"] > printed["shoppers"] > 0
    assert printed["events_per_s"] > 0
    assert printed["worker_cpu_us_per_event"] > 0
    assert list(tmp_path.iterdir()) == [], "it leaves nothing where it was started"


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "simulation"])
def test_other_scenarios_have_as_many_records_as_they_say(name: str) -> None:
    scenario = SCENARIOS[name]()
    assert sum(map(len, scenario.chunks())) == scenario.total > scenario.fast_records
