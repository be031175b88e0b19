from __future__ import annotations

import pytest

from schemas import erasures
from schemas.identifiers import IDENTIFIERS
from schemas.layout import KINDS, PROFILE_COLUMNS
from schemas.tables import TABLES
from schemas.topic_configs import topic_configs
from schemas.topics import ABOUT_PEOPLE, INPUTS, KEYED_BY_USER, OUTPUTS

CONFIGS = topic_configs(input_days=0, output_days=0)

PERSONAL = (*erasures.BY_ALERT, *erasures.BY_USER, *erasures.BY_KIND, *erasures.BY_RECORD, *erasures.BY_IDENTITY)


def test_of_each_table_it_is_said_once_what_an_erasure_does_with_it() -> None:
    said = [*PERSONAL, *erasures.IMPERSONAL, *erasures.OWN]
    assert sorted(said) == sorted(TABLES), "say of a new table in schemas/erasures.py whether its rows are a person's"


def test_tables_are_of_people_by_their_columns() -> None:
    assert {table for table, columns in TABLES.items() if "user_id" in columns} == set(erasures.BY_USER)
    assert {table for table, columns in TABLES.items() if {"kind", "id"} <= columns.keys()} - set(erasures.OWN) == set(
        erasures.BY_KIND
    )
    assert {table for table, columns in TABLES.items() if "alert_id" in columns} - {"alerts", "system_alerts"} == set(
        erasures.BY_ALERT
    )
    for table in erasures.IMPERSONAL:
        assert not TABLES[table].keys() & {*IDENTIFIERS, "id", "event_id", "order_id"}


def test_the_events_go_last() -> None:
    assert erasures.BY_USER[-1] == "events"


def test_identifiers_are_kinds_of_profiles() -> None:
    assert set(IDENTIFIERS.values()) <= set(KINDS)
    assert {"kind", "id"} <= PROFILE_COLUMNS.keys()


@pytest.mark.parametrize("topic", [*INPUTS, *OUTPUTS])
def test_each_topic_is_the_shop_s_or_compacted_or_tells_of_nobody(topic: str) -> None:
    if topic in KEYED_BY_USER:
        assert CONFIGS[topic]["cleanup.policy"] == "delete"
    elif topic in ABOUT_PEOPLE:
        assert CONFIGS[topic]["cleanup.policy"] == "compact,delete"
    else:
        assert topic == "alerts.system"
