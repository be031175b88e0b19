"""How good the models have to be on public data, as the README says they are."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.commands import main

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_200)]


def test_fraud_beats_the_best_of_the_handbook(data_file: Callable[[str], Path]) -> None:
    path = str(data_file("fraud_handbook.parquet"))
    result = CliRunner().invoke(main, ["backtest", "fraud-handbook", "--path", path, "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout.splitlines()[-1])
    first = figures["weeks"][0]
    assert (first["start"], first["n"], first["frauds"]) == ("2018-08-08", 58_264, 385)
    mean = figures["mean"]
    assert (mean["ap"] >= 0.70, mean["auc"] >= 0.875, mean["cp100"] >= 0.303) == (True, True, True), mean


def test_churn_beats_a_regression_trained_in_one_go() -> None:
    result = CliRunner().invoke(main, ["backtest", "online-retail", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout.splitlines()[-1])["cutoffs"]
    for one, auc, brier in zip(found, (0.755, 0.745, 0.735), (0.215, 0.200, 0.200), strict=True):
        assert (one["auc"] >= auc, one["brier"] <= brier) == (True, True), one
