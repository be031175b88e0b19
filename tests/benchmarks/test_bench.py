"""The benchmarks run, print what they promise, and stay above floors that any machine reaches."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TIMEOUT_S = 280

pytestmark = [pytest.mark.bench, pytest.mark.timeout(TIMEOUT_S + 20)]


def figures(folder: Path, *arguments: str) -> dict[str, Any]:
    """The last line that ``footfall bench`` prints."""
    command = [str(Path(sys.executable).with_name("footfall")), "bench", *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_pipeline(tmp_path: Path) -> None:
    found = figures(tmp_path, "pipeline", "--events", "20000", "--plain-events", "2000", "--rounds", "1")
    parts = found["breakdown"]
    assert {"start-up", "fetch", "event loop", "decode", "hydrate", "score", "cut", "insert events"} <= parts.keys()
    assert {"insert predictions", "insert profiles", "insert ledger"} <= parts.keys()
    assert parts["fetch"] > 0
    ticks_us = 10 * 10_000 / found["events"]  # threads' times are counted in hundredths of a second
    assert -ticks_us < parts["end"] < found["worker_cpu_us_per_event"] / 2
    assert -ticks_us < parts["between stages"] < found["worker_cpu_us_per_event"] / 2
    assert found["events_per_s"] > 1_000
    assert found["ratio"] > 1
    assert found["model_names"] == ["churn", "churn-linear", "fraud", "fraud-linear"]
    assert 0.3 < found["challengers_ratio"] < 3


def test_growth(tmp_path: Path) -> None:
    found = figures(
        tmp_path, "growth", "--events", "20000", "--few", "2000", "--many", "60000", "--small-cache", "5000"
    )
    assert 0.2 < found["ratio"] < 3
    assert found["cpu_us_per_event_by_users"].keys() == {"2000", "60000"}
    small, *_, large = found["rss_mb_by_cache_rows"].values()
    assert 0 < small < large


def test_latency(tmp_path: Path) -> None:
    found = figures(tmp_path, "latency", "--rate", "200", "--seconds", "5")
    assert found["events"] >= 900
    assert found["alerts"] > 10
    assert 0 < found["alert_p50_ms"] <= found["alert_p99_ms"] < 5_000
    assert 0 < found["visible_p50_ms"] <= found["visible_p99_ms"] < 10_000


def test_segments(tmp_path: Path) -> None:
    found = figures(tmp_path, "segments", "--profiles", "20000", "--rounds", "3")
    assert 0 < found["count_s"] <= found["count_worst_s"] < 5
    assert all(shoppers > 0 for shoppers in found["shoppers"].values())
    assert found["first_round_changes"] == sum(found["shoppers"].values())
    assert 0 < found["later_round_changes"] < found["first_round_changes"]
