"""What the analysts' views show, and what can't be had from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from schemas.analyst.views import analyst_views
from schemas.tables import TABLES
from streams.clickhouse.connection import connect
from streams.clickhouse.migrate import migrate
from streams.settings import Settings

DAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = datetime(2026, 3, 3, 12, tzinfo=UTC)
RAW = {"user_id", "card", "ip", "device", "session", "order_id", "event_id", "alert_id", "text", "embedding", "query"}


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    with connect(settings) as client:
        at_ms = int(TODAY.timestamp() * 1000)
        insert(client, "ledger", [{"topic": "clicks", "partition": 0, "max_ts_ms": at_ms}])
        yield client


def insert(client: Client, table: str, rows: list[Mapping[str, Any]]) -> None:
    columns = ", ".join(rows[0])
    client.execute(f"INSERT INTO {table} ({columns}) VALUES", [tuple(row.values()) for row in rows])


def shoppers(count: int, **values: Any) -> list[dict[str, Any]]:
    return [{"user_id": f"{values} {number}", **values} for number in range(count)]


def purchases(count: int, country: str, amount: float = 10.0, ts: datetime = DAY) -> list[dict[str, Any]]:
    rows = shoppers(count, country=country, amount=amount, ts=ts)
    return [row | {"topic": "carts", "event_id": f"e {row['user_id']}", "type_code": 7} for row in rows]


def test_no_view_has_a_raw_identifier(client: Client) -> None:
    for view in analyst_views(10):
        columns = {name for name, *_ in client.execute(f"DESCRIBE TABLE {view}")}
        assert columns
        assert not columns & RAW
        assert not columns & TABLES.keys(), "a column of that name couldn't be told from the table"


def test_small_groups_are_hidden_and_counts_are_rounded_down(client: Client) -> None:
    insert(client, "segment_members", shoppers(9, segment="small", inside=1))
    insert(client, "segment_members", shoppers(10, segment="just", inside=1))
    insert(client, "segment_members", shoppers(27, segment="large", inside=1, held_out=0))
    insert(client, "segment_members", shoppers(12, segment="large", inside=1, held_out=1))
    insert(client, "segment_members", shoppers(50, segment="left", inside=0))
    found = client.execute("SELECT * FROM analyst_segments ORDER BY segment")
    assert found == [("just", 10, 0), ("large", 30, 10)]


def test_sums_have_two_digits_and_are_not_one_shoppers(client: Client) -> None:
    insert(client, "events", purchases(21, "GB", 10.17))
    insert(client, "events", purchases(9, "FR"))
    insert(client, "events", purchases(20, "DE"))
    insert(client, "events", [row | {"amount": 1e6} for row in purchases(1, "DE", 11.0)])
    insert(client, "events", purchases(40, "GB", 10.0, TODAY))
    assert client.execute("SELECT * FROM analyst_sales") == [(date(2026, 3, 2), "GB", 20, 210.0)]


def test_a_condition_is_never_tried_on_a_hidden_group(client: Client) -> None:
    """One that fails on it would tell that the group exists."""
    insert(client, "events", purchases(20, "GB"))
    insert(client, "events", purchases(3, "XX"))
    hidden = "intDiv(1, country != 'XX') = 1"
    assert len(client.execute(f"SELECT country FROM analyst_sales WHERE {hidden}")) == 1
    select = analyst_views(10)["analyst_sales"].rpartition("LIMIT")[0]
    client.execute(f"CREATE VIEW without_limit AS {select}")
    with pytest.raises(ServerException, match="Division by zero"):
        client.execute(f"SELECT country FROM without_limit WHERE {hidden}")


@pytest.mark.parametrize("part", ["SAMPLE 1/2", "FINAL"])
def test_a_group_is_not_made_smaller_by_a_modifier(client: Client, part: str) -> None:
    insert(client, "segment_members", shoppers(25, segment="large", inside=1))
    assert client.execute(f"SELECT shoppers FROM analyst_segments {part}") == [(20,)]


def test_days_that_are_not_over_are_left_out(client: Client) -> None:
    rows = shoppers(20, segment="loyal", number=1, change="enter")
    insert(client, "segment_changes", [row | {"at_ms": int(DAY.timestamp() * 1000)} for row in rows])
    insert(client, "segment_changes", [row | {"at_ms": int(TODAY.timestamp() * 1000), "number": 2} for row in rows])
    assert client.execute("SELECT * FROM analyst_segment_days") == [(date(2026, 3, 2), "loyal", "enter", 20)]


def test_views_of_reviews_churn_alerts_interest_and_models(client: Client) -> None:
    reviews = [row | {"event_id": row["user_id"], "ts": DAY} for row in shoppers(12, item="kettle", rating=4.0)]
    insert(client, "review_scores", [row | {"positive": 0.9, "negative": 0.1} for row in reviews])
    insert(client, "review_scores", [row | {"item": "pan", "positive": 0.9, "negative": 0.1} for row in reviews[:9]])
    assert client.execute("SELECT * FROM analyst_sentiment") == [("kettle", 10, 0.8, 4.0)]
    assert client.execute("SELECT * FROM analyst_sentiment_days") == [(date(2026, 3, 2), 10, 0.8, 4.0, 0.0)]
    scores = shoppers(11, churn_state=2, churn_score=0.55, reason_1_feature="f", reason_1_text="silent for long")
    insert(client, "shopper_scores", scores)
    insert(client, "shopper_scores", shoppers(5, churn_state=2, churn_score=0.95, reason_1_text="silent for long"))
    assert client.execute("SELECT reason, shoppers FROM analyst_churn") == [("silent for long", 10)]
    alerts = shoppers(13, kind="fraud", ts=DAY, reason_features=["amount"])
    insert(client, "alerts", [row | {"alert_id": row["user_id"]} for row in alerts])
    assert client.execute("SELECT * FROM analyst_alerts") == [(date(2026, 3, 2), "fraud", 10)]
    assert client.execute("SELECT * FROM analyst_alert_reasons") == [(date(2026, 3, 2), "fraud", "amount", 10)]
    views = shoppers(10, category="shoes", type_code=1, ts=DAY, topic="clicks")
    insert(client, "events", views)
    assert client.execute("SELECT * FROM analyst_interest") == [(date(2026, 3, 2), "shoes", "view", 10)]
    metrics = {"kind": "fraud", "model": "fraud", "day": date(2026, 3, 2), "roc_auc": 0.8734, "log_loss": float("nan")}
    insert(client, "model_metrics", [metrics | {"n": 137}, metrics | {"model": "other", "n": 7}])
    assert client.execute("SELECT model, scores, roc_auc FROM analyst_models") == [("fraud", 130, 0.87)]


def test_the_least_group_is_a_setting(settings: Settings, client: Client) -> None:
    insert(client, "segment_members", shoppers(27, segment="large", inside=1))
    changed: list[str] = []
    migrate(replace(settings, analyst_min_group=25), report=lambda name, _: changed.append(name))
    assert changed == [f"view {name}" for name in analyst_views(25)]
    assert client.execute("SELECT shoppers FROM analyst_segments") == [(25,)]


def test_the_views_read_with_the_rights_of_who_made_them(client: Client) -> None:
    for view in analyst_views(10):
        assert "SQL SECURITY DEFINER" in client.execute(f"SHOW CREATE TABLE {view}")[0][0]
