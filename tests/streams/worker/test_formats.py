"""What is on the topics of alerts is as the published schema says, and the schema refuses what isn't."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from schemas.alerts import SystemAlert
from schemas.segments.changes import SegmentChange
from schemas.topics import ALERTS_CHURN, ALERTS_FRAUD, ALERTS_SYSTEM, CARTS, CLICKS, DEAD_LETTERS, SEGMENT_CHANGES
from streams.commands import main
from streams.settings import Settings
from streams.worker.delivery import Delivery
from tests.streams.worker.on_topic import messages
from tests.streams.worker.owner import Owner
from tests.streams.worker.runs import broken, run_from, run_of
from tests.streams.worker.test_alerting import owning

TOPICS = (ALERTS_FRAUD, ALERTS_CHURN, ALERTS_SYSTEM, SEGMENT_CHANGES, DEAD_LETTERS)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    printed = CliRunner().invoke(main, ["schema", "alerts"])
    found: dict[str, Any] = json.loads(printed.output)
    Draft202012Validator.check_schema(found)
    return found


@pytest.fixture
def produced(on_broker: Settings, owner: Callable[..., Owner], delivery: Delivery) -> dict[str, dict[str, Any]]:
    """A message of each topic: alerts and dead letters as a worker sends them."""
    worker = owning(owner, on_broker, delivery, "w1")
    worker.work(run_from(CARTS, 0, 0), run_of(CLICKS, [broken(0, b"\xff")]))
    found = {topic: messages(on_broker, topic)[0][1] for topic in (ALERTS_FRAUD, ALERTS_CHURN, DEAD_LETTERS)}
    found[ALERTS_SYSTEM] = SystemAlert(
        alert_id="a", kind="drift.loss", model="fraud", day="2024-05-31", value=2, threshold=1, text="t", raised_ms=1
    ).to_json()
    found[SEGMENT_CHANGES] = SegmentChange(
        change_id="c",
        segment="loyal",
        user_id="ann",
        number=1,
        change="enter",
        reason="r",
        score=1,
        held_out=False,
        at=1,
        written_ms=2,
    ).to_json()
    return {topic: json.loads(value) for topic, value in found.items()}


def test_what_is_sent_is_valid_and_what_is_not_like_it_is_not(
    schema: dict[str, Any], produced: dict[str, dict[str, Any]]
) -> None:
    validator = Draft202012Validator(schema)
    assert set(produced) == set(schema["properties"]) == set(TOPICS)
    validator.validate(produced)
    for topic, message in produced.items():
        described = schema["$defs"][schema["properties"][topic]["$ref"].removeprefix("#/$defs/")]
        assert set(message) == set(described["properties"]), "each field is described, and no other"
        for field in message:
            assert not validator.is_valid({topic: message | {field: {"of": "another type"}}}), field
        for field in described["required"]:
            assert not validator.is_valid({topic: {name: message[name] for name in message if name != field}}), field
        assert validator.is_valid({topic: message | {"new": 1}}), "a later version may have more"


def test_every_property_is_described(schema: dict[str, Any]) -> None:
    for name, described in schema["$defs"].items():
        assert "`" not in described["description"]
        for field, of_field in described["properties"].items():
            assert of_field.get("description"), f"{name}.{field}"
