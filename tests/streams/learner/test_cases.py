"""What became of each label: on time, late, said twice, contradicted before and after it was learnt, about nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from click.testing import CliRunner

from models.catalogue import CHURN, FRAUD, KINDS, ModelSpec
from streams.clickhouse.reader import Reader
from streams.commands import main
from streams.learner.cases import label_cases
from streams.settings import Settings
from tests.streams.learner.planted import DAY_MS, HORIZON_MS, Planted, Start

END = HORIZON_MS


def cases(reader: Reader, spec: ModelSpec, version: str) -> dict[str, int]:
    """Those that there are; they add up."""
    found = asdict(label_cases(reader, spec, version))
    about_labels = {name: n for name, n in found.items() if name not in ("labels", "learnt", "corrections")}
    assert sum(about_labels.values()) == found["labels"]
    return {name: n for name, n in found.items() if n}


@pytest.fixture
def labelled(planted: Planted) -> Planted:
    """Purchases that are due at ``END``, with labels of every kind."""
    planted.predictions(*(("u", event, 0) for event in "abcdef"), kind="fraud")
    planted.alert("alert-e", "u", "e")
    planted.alert("alert-x", "u", "x", kind="churn")
    planted.label("fraud_label", "u", "a", "ok", END)  # on time
    planted.label("fraud_label", "u", "b", "ok", END + 1)  # late
    planted.label("fraud_label", "u", "c", "fraud", 5)  # on time
    planted.label("fraud_label", "u", "c", "fraud", END + 2)  # repeated
    planted.label("fraud_label", "u", "d", "ok", 5)  # on time
    planted.label("fraud_label", "u", "d", "fraud", 6)  # contradicting
    planted.label("alert_ack", "u", "alert-e", "ok", 5)  # on time
    planted.label("alert_ack", "u", "alert-e", "ignore", 6)  # ignored
    planted.label("alert_ack", "u", "alert-x", "fraud", 6)  # ignored, of churn
    planted.label("alert_ack", "u", "no such alert", "fraud", 6)  # unknown
    planted.label("fraud_label", "u", "no such purchase", "fraud", 6)  # unknown
    planted.label("fraud_label", "another", "a", "fraud", 6)  # unknown
    planted.label("fraud_label", "u", "a", "ok", END, event_id="again")  # repeated
    return planted


def test_each_label_is_one_case(labelled: Planted, start: Start, reader: Reader) -> None:
    told = {"on_time": 4, "late": 1, "repeated": 2, "contradicting": 1, "ignored": 1, "unknown": 3, "labels": 12}
    assert cases(reader, FRAUD, "") == told
    assert cases(reader, CHURN, "") == {"ignored": 1, "labels": 1}
    rounds = start(FRAUD)
    assert cases(reader, FRAUD, rounds.run_once().version) == told | {"learnt": 5}
    labelled.label("fraud_label", "u", "a", "fraud", END + 9)
    labelled.label("fraud_label", "u", "no such purchase", "ok", 9)
    told |= {"unknown": 4, "labels": 14}
    assert cases(reader, FRAUD, rounds.run_once().version) == told | {"corrected": 1, "learnt": 5, "corrections": 1}
    labelled.predictions(("u", "no such purchase", 0), kind="fraud")
    told |= {"unknown": 2, "on_time": 5, "contradicting": 2}
    assert cases(reader, FRAUD, rounds.run_once().version) == told | {"corrected": 1, "learnt": 6, "corrections": 1}


def test_a_verdict_that_corrects_what_silence_said_is_a_correction(
    planted: Planted, start: Start, reader: Reader
) -> None:
    planted.predictions(("silent", "e", 0), ("busy", "e", 0))
    planted.events(("busy", DAY_MS))
    planted.ledger(0, END)
    rounds = start()
    rounds.run_once()
    planted.label("churn_label", "silent", "e", "active", END + 10)
    planted.label("churn_label", "busy", "e", "active", END + 10)
    version = rounds.run_once().version
    found = {"labels": 2, "late": 1, "corrected": 1, "learnt": 2, "corrections": 1}
    assert cases(reader, CHURN, version) == found


def test_the_command_prints_a_table_or_json(labelled: Planted, start: Start, keyed: Settings) -> None:
    start(FRAUD).run_once()
    as_json = json.loads(run(keyed, "--json"))
    assert as_json["fraud"]["on_time"] == 4
    assert as_json["fraud"]["learnt"] == 5
    assert as_json["churn"]["ignored"] == 1
    table = {line.split("  ")[0].strip(): line.split()[-3:] for line in run(keyed).splitlines()}
    assert table["on time"] == ["4", "0", "0"]
    assert table["labels"] == ["12", "1", "0"]


def run(settings: Settings, *options: str) -> str:
    result = CliRunner().invoke(main, ["labels", "stats", *options], env=settings.to_env(), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_where_there_is_nothing_all_is_zero(keyed: Settings) -> None:
    found: dict[str, dict[str, Any]] = json.loads(run(keyed, "--json"))
    assert [set(cases.values()) for cases in found.values()] == [{0}] * len(KINDS)
