"""Prometheus' configuration and alert rules: what they ask for is there, and each alert fires when it should."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.promql import EXPOSED, OF_PROMETHEUS, unknown

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"] for rule in group["rules"]
]
TESTS = ("rules_test.yml", "rules_days_test.yml")
CASES: list[dict[str, Any]] = [case for name in TESTS for case in yaml.safe_load((FOLDER / name).read_text())["tests"]]


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not on this machine")
    return found


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_rules_ask_for_what_is_exposed(rule: dict[str, Any]) -> None:
    assert unknown(rule["expr"]) == []


def test_what_is_not_exposed_is_found() -> None:
    assert unknown("sum by (user) (footfall_worker_lag_records)") == ["user"]
    assert unknown('rate(footfall_worker_records{topic="clicks"}[5m])') == ["footfall_worker_records", "topic"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_says_what_to_make_of_it(rule: dict[str, Any]) -> None:
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}


def test_each_alert_is_tested_both_ways() -> None:
    assert {case["name"] for case in CASES} == {
        name for rule in RULES for name in (rule["alert"], f"{rule['alert']}, calm")
    }


def test_prometheus_accepts_the_configuration_and_rules(promtool: str) -> None:
    run(promtool, "check", "config", "--syntax-only", "prometheus.yml")
    run(promtool, "check", "rules", "rules.yml")


def test_alerts_fire_when_they_should_and_not_otherwise(promtool: str) -> None:
    run(promtool, "test", "rules", *TESTS)


def test_the_cases_are_of_metrics_that_are_exposed() -> None:
    names = {one["series"].partition("{")[0] for case in CASES for one in case["input_series"]}
    assert names <= EXPOSED.keys() | OF_PROMETHEUS
