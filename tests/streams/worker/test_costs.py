"""CPU time by stage, and the report of a worker that ends."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from streams.worker.costs import Costs

BUSY_S = 0.05


def be_busy() -> None:
    """For some CPU time."""
    until = time.thread_time() + BUSY_S
    while time.thread_time() < until:
        sum(range(1_000))


def test_a_stage_counts_the_cpu_of_its_own_thread() -> None:
    costs = Costs()
    with ThreadPoolExecutor(1, thread_name_prefix="busy") as pool:
        with costs.stage("waiting"):
            pool.submit(be_busy).result()
        for _ in range(2):
            with costs.stage("working"):
                be_busy()
        costs.note_threads()
    report = costs.report()
    assert report["stages_s"]["working"] >= 2 * BUSY_S
    assert report["stages_s"]["waiting"] < BUSY_S
    assert report["threads_s"]["busy_0"] > 0


def test_a_stage_that_fails_counts_all_the_same() -> None:
    costs = Costs()
    with pytest.raises(ZeroDivisionError), costs.stage("failing"):
        be_busy()
        _ = 1 / 0
    assert costs.report()["stages_s"]["failing"] >= BUSY_S


def test_the_report_is_json_with_the_counts_beside() -> None:
    costs = Costs()
    be_busy()
    costs.counts["records"] += 7
    with costs.stage("decode"):
        pass
    costs.note_threads()
    report = orjson.loads(orjson.dumps(costs.report()))
    assert set(report) == {"cpu_s", "rss_bytes", "stages_s", "threads_s", "records"}
    assert report["records"] == 7
    assert set(report["stages_s"]) == {"decode"}
    assert report["cpu_s"] > 0
    assert report["rss_bytes"] > 1_000_000
    assert report["threads_s"]["MainThread"] > 0
