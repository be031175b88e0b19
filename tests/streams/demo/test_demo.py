"""The demo, as a newcomer runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.demo.run import SOURCE
from streams.replay.sources.online_retail import SOURCE as ORDERS

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
    assert (printed["missing"], printed["double"], printed["dead_letters"]) == (0, 0, 0)
    assert printed["events_rows"] == printed["events_in"]
    assert printed["events_in"] == SOURCE.total()
    assert printed["audit_ok"] is True
    assert printed["reviews_read"] == SOURCE.total() - ORDERS.total()
    assert printed["churn_alerts_per_day"] > 0
    months = printed["months"]
    assert (months[0]["month"], months[-1]["month"], len(months)) == ("2010-12", "2011-12", 13)
    assert sum(month["alerts"] for month in months) == printed["alerts"].get("churn", 0)
    assert sum(month["judged"] for month in months) == printed["churn"]["judged"]
    assert printed["profiles"] > printed["shoppers"] > 0
    assert printed["events_per_s"] > 0
    assert printed["worker_cpu_us_per_event"] > 0
    assert list(tmp_path.iterdir()) == [], "it leaves nothing where it was started"
