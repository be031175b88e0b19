"""Rows go when their time is over, and for how long they were kept is known afterwards."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from schemas.retention import DAY_MS, EXPIRIES
from streams.clickhouse.migrate import migrate
from streams.clickhouse.reader import Reader
from streams.clickhouse.retention import check, gone
from streams.clickhouse.writer import Writer
from streams.errors import SettingError
from streams.settings import Settings
from tests.waiting import wait_until

NOW_MS = time.time_ns() // 1_000_000
ALL: dict[str, Any] = {
    "retention_events_days": 200,
    "retention_scores_days": 90,
    "retention_alerts_days": 400,
    "retention_dead_letters_days": 30,
}


def changed(settings: Settings, **options: Any) -> dict[str, list[str]]:
    reported: dict[str, list[str]] = {}
    migrate(settings, report=lambda name, sql: reported.update({name: sql}), **options)
    return reported


def count(reader: Reader, table: str) -> int:
    return int(reader.query(f"SELECT count() FROM {table}")[0][0])


def test_times_to_live_follow_the_settings(settings: Settings, reader: Reader) -> None:
    kept = replace(settings, **ALL)
    first = changed(kept, dry_run=True)
    assert first["retention of events"] == ["ALTER TABLE events MODIFY TTL toDateTime(ts) + toIntervalDay(200)"]
    assert list(first) == [f"retention of {expiry.table}" for expiry in EXPIRIES]
    assert changed(kept) == first
    assert changed(kept) == {}, "each is written as ClickHouse itself writes it"
    longer = changed(replace(kept, retention_events_days=300))
    assert list(longer) == ["retention of events", "retention of review_scores", "retention of scored_reviews"]
    forever = changed(settings)
    assert forever["retention of dead_letters"] == ["ALTER TABLE dead_letters REMOVE TTL"]
    assert "TTL" not in reader.query("SHOW CREATE TABLE events")[0][0]
    assert changed(settings) == {}


def test_rows_go_when_their_time_is_over(settings: Settings, reader: Reader, writer: Writer) -> None:
    ages = np.array([10, 199, 201, 1000])
    n = len(ages)
    writer.insert(
        "events",
        {"event_id": [f"e{age}" for age in ages], "user_id": ["u"] * n, "ts": NOW_MS - ages * DAY_MS},
        token="old",  # noqa: S106 - of an insert
    )
    changed(replace(settings, **ALL))
    wait_until(lambda: count(reader, "events") == 2, 20, "what had expired before is gone")
    writer.insert(
        "events",
        {"event_id": ["late"], "user_id": ["u"], "ts": np.array([NOW_MS - 500 * DAY_MS])},
        token="late",  # noqa: S106 - of an insert
    )
    reader.query("OPTIMIZE TABLE events FINAL")
    assert reader.query("SELECT event_id FROM events ORDER BY ts DESC") == [("e10",), ("e199",)]


def test_what_may_be_gone_stays_known(settings: Settings, reader: Reader) -> None:
    assert gone(reader) == {}
    changed(replace(settings, **ALL))
    before = gone(reader)
    assert before["events"] == pytest.approx(NOW_MS - 200 * DAY_MS, abs=DAY_MS / 10)
    assert before["predictions"] == pytest.approx(NOW_MS - 90 * DAY_MS, abs=DAY_MS / 10)
    changed(settings)
    after = gone(reader)
    assert before["events"] <= after["events"] <= before["events"] + DAY_MS, "it is kept from now on, but not again"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"retention_events_days": 30}, r"RETENTION_EVENTS_DAYS is 30, but must be 0 or at least 187: risks"),
        (
            {"retention_events_days": 200, "churn_long_horizon_days": 365.0},
            r"RETENTION_EVENTS_DAYS is 200, but must be 0 or at least 372: churn",
        ),
        ({"retention_scores_days": 7}, r"RETENTION_SCORES_DAYS is 7, but must be 0 or at least 90"),
        ({"retention_alerts_days": 400}, r"RETENTION_ALERTS_DAYS needs FOOTFALL_RETENTION_SCORES_DAYS"),
        (
            {"retention_alerts_days": 400, "retention_scores_days": 390},
            r"RETENTION_ALERTS_DAYS is 400, but must be 0 or at least 420",
        ),
    ],
)
def test_what_is_still_looked_for_may_not_expire(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        check(replace(Settings(), **given))
