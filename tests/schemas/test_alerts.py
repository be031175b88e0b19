from __future__ import annotations

from typing import Any

import msgspec

from schemas.alerts import Alert, Reason, Suppressed, alert_id, dedupe_key, json_schema, to_columns
from schemas.tables import TABLES


def an_alert(**changes: Any) -> Alert:
    alert = Alert(
        alert_id=alert_id("fraud", "carts", "u1", "e1"),
        dedupe_key=dedupe_key("fraud", "u1", "4242"),
        kind="fraud",
        user_id="u1",
        event_id="e1",
        topic="carts",
        partition=2,
        offset=77,
        ts=1_700_000_000_000,
        score=0.97,
        threshold=0.9,
        version="fraud-00000003-00aa11bb",
        order_id="o1",
        amount=129.0,
        reasons=[
            Reason("log_purchases_1h", 1.4, 2.5, "3 orders in 1 h"),
            Reason("device_new", 1.0, 1.5, "new device"),
        ],
        raised_ms=1_700_000_000_500,
    )
    return msgspec.structs.replace(alert, **changes)


def test_ids_are_the_event_s_and_no_two_events_share_one() -> None:
    ids = {
        alert_id("fraud", "carts", "ab", "c"),
        alert_id("fraud", "carts", "a", "bc"),
        alert_id("churn", "carts", "ab", "c"),
        alert_id("fraud", "clicks", "ab", "c"),
    }
    assert len(ids) == 4
    assert alert_id("fraud", "carts", "ab", "c") in ids


def test_json_goes_back_to_the_same_alert() -> None:
    assert msgspec.json.decode(an_alert().to_json(), type=Alert) == an_alert()


def test_columns_are_those_of_the_table() -> None:
    columns = to_columns([an_alert()], [Suppressed(an_alert(), "another")])
    assert set(columns) == set(TABLES["alerts"])
    assert columns["reason_texts"] == [["3 orders in 1 h", "new device"]] * 2
    assert columns["offset"] == [77, 77]
    assert columns["suppressed_by"] == ["", "another"]
    assert set(to_columns([])) == set(TABLES["alerts"])


def test_the_schema_names_every_field() -> None:
    schema = json_schema()
    assert set(schema["$defs"]["Alert"]["properties"]) == set(Alert.__struct_fields__)
