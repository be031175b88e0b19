"""Each panel shows what the tables hold: neither more nor less."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from streams.console.panels.shopper.history import EVENTS
from streams.settings import Secret, Settings
from tests.streams.console.conftest import Open, Site
from tests.streams.console.shop import DAY_MS, HOUR_MS, MIDNIGHT_MS, NOW_MS, Shop


def by(name: str, rows: list[Mapping[str, Any]]) -> dict[Any, Mapping[str, Any]]:
    return {row[name]: row for row in rows}


def test_the_funnel_counts_shoppers_of_the_day_and_who_went_on(site: Site, shop: Shop) -> None:
    shop.passes()
    for user in ("ann", "bob", "cas", "dan"):
        shop.does(user, "view", 9)
    shop.does("ann", "view", 9.5)
    for user in ("ann", "bob"):
        shop.does(user, "cart_add", 10)
    shop.does("ann", "purchase", 11, amount=30.0)
    shop.does("eve", "purchase", 11, amount=12.5)  # viewed nothing
    shop.does("dan", "cart_add", 8)  # before the view
    shop.does("fay", "view", -1)  # yesterday
    shop.does("fay", "cart_add", 24)  # tomorrow
    found = site.panel("funnel")
    steps = by("step", found["steps"])
    assert found["now_ms"] == NOW_MS
    assert {name: step["shoppers"] for name, step in steps.items()} == {"view": 4, "cart_add": 3, "purchase": 2}
    assert {name: step["in_order"] for name, step in steps.items()} == {"view": 4, "cart_add": 2, "purchase": 1}
    assert {hour: n for hour, n in enumerate(steps["view"]["by_hour"]) if n} == {9: 4}
    assert {hour: n for hour, n in enumerate(steps["cart_add"]["by_hour"]) if n} == {8: 1, 10: 2}
    assert (found["orders"], found["revenue"]) == (2, 42.5)


def test_a_row_that_was_written_twice_counts_once(site: Site, shop: Shop) -> None:
    shop.passes()
    for written_ms in (1, 2):
        shop.insert(
            "events",
            topic=["carts"],
            event_id=["one"],
            user_id=["ann"],
            type_code=[7],
            ts=[MIDNIGHT_MS + HOUR_MS],
            amount=[20.0],
            written_ms=[written_ms],
        )
    found = site.panel("funnel")
    assert (found["orders"], found["revenue"], found["steps"][2]["shoppers"]) == (1, 20.0, 1)


def test_nothing_is_there_yet(site: Site) -> None:
    assert site.panel("funnel")["now_ms"] == 0
    segments = site.panel("segments")
    assert segments["looked_ms"] == 0
    assert {one["members"] for one in segments["segments"]} == {0}
    assert site.panel("sentiment") | {"weeks": 0} == {
        "now_ms": 0, "lately_days": 28, "weeks": 0, "reviews": 0, "items": []
    }  # fmt: skip
    assert site.panel("dead-letters") == {"letters": 0, "replayed": 0, "groups": []}
    assert {one["role"] for one in site.panel("models")["models"]} == {"champion", "idle"}
    assert site.panel("alerts", state="any") == {"alerts": [], "more": False}
    assert site.panel("shopper", user_id="ann")["profile"] is None


def test_segments_have_members_and_a_trend(site: Site, shop: Shop) -> None:
    shop.moves("loyal", "ann", "enter", 40)
    shop.moves("loyal", "bob", "enter", 3)
    shop.moves("loyal", "cas", "enter", 2)
    shop.moves("loyal", "cas", "leave", 1, number=2)
    shop.moves("loyal", "dan", "enter", 0)
    shop.looks()
    found = site.panel("segments")
    assert found["looked_ms"] == NOW_MS
    loyal = by("name", found["segments"])["loyal"]
    assert (loyal["title"], loyal["members"], loyal["held_out"]) == ("Loyal shoppers", 3, 1)
    assert (loyal["entered"], loyal["left"]) == (1, 0)
    assert loyal["by_day"] == [1] * 26 + [2, 3, 2, 3]
    assert by("name", found["segments"])["returning"]["by_day"] == [0] * 30


def test_sentiment_that_falls(site: Site, shop: Shop) -> None:
    shop.passes()
    for item, before, lately in (("boots", 0.8, -0.6), ("socks", 0.1, 0.0), ("hats", -0.5, 0.5), ("few", 1.0, -1.0)):
        for number in range(2 if item == "few" else 3):
            shop.review(item, 60 + number, before)
            shop.review(item, 3 + number, lately)
    shop.review("boots", 200, -1.0)  # too long ago
    found = site.panel("sentiment")
    assert found["reviews"] == 22
    assert [one["item"] for one in found["items"]] == ["boots", "socks"]
    boots = found["items"][0]
    assert (boots["reviews_before"], boots["reviews_lately"]) == (3, 3)
    assert (boots["before"], boots["lately"]) == (pytest.approx(0.8), pytest.approx(-0.6))
    weeks = {26 - 1 - at: mean for at, mean in enumerate(boots["by_week"]) if mean is not None}
    assert weeks == {0: pytest.approx(-0.6), 8: pytest.approx(0.8)}


def test_models_by_day_and_by_version(site: Site, shop: Shop) -> None:
    shop.insert(
        "model_metrics",
        kind=["fraud"] * 3,
        model=["fraud", "fraud", "fraud-linear"],
        day=[date(2024, 10, 2), date(2024, 10, 3), date(2024, 10, 3)],
        version=["fraud-1", "fraud-2", "fraud-linear-1"],
        n=[50, 60, 60],
        positives=[2, 3, 3],
        roc_auc=[0.8, 0.9, math.nan],
    )
    shop.insert(
        "models", name=["fraud"] * 7, version=[f"fraud-{n}" for n in range(7)], created_ms=range(7), examples=range(7)
    )
    shop.insert(
        "model_decisions", kind=["fraud"], decided_ms=[1], action=["challenge"], model=["fraud-linear"], who=["ops"]
    )
    found = by("model", site.panel("models")["models"])
    assert (found["fraud"]["role"], found["fraud-linear"]["role"]) == ("champion", "challenger")
    assert [(day["day"], day["version"], day["roc_auc"]) for day in found["fraud"]["days"]] == [
        ("2024-10-02", "fraud-1", 0.8),
        ("2024-10-03", "fraud-2", 0.9),
    ]
    assert found["fraud-linear"]["days"][0]["roc_auc"] is None
    assert [one["version"] for one in found["fraud"]["versions"]] == [f"fraud-{n}" for n in (6, 5, 4, 3, 2)]
    assert found["churn"]["days"] == []


def test_dead_letters_by_reason_without_what_they_hold(site: Site, shop: Shop) -> None:
    reasons = ["ts: Missing"] * 3 + ["type: Invalid"]
    shop.insert(
        "dead_letters",
        topic=["clicks"] * 4,
        offset=range(4),
        reason=reasons,
        value=[b"secret"] * 4,
        record_ts=[NOW_MS] * 4,
        replayed_ms=[0, 5, 0, 0],
    )
    found = site.panel("dead-letters")
    assert (found["letters"], found["replayed"]) == (4, 1)
    assert [(one["reason"], one["letters"], one["replayed"]) for one in found["groups"]] == [
        ("ts: Missing", 3, 1),
        ("type: Invalid", 1, 0),
    ]
    assert "secret" not in str(found)


def test_alerts_by_kind_and_state(site: Site, shop: Shop) -> None:
    shop.alert("first")
    shop.alert("second", "bob", kind="churn", score=0.96, amount=0.0)
    shop.alert("covered", by="first")
    found = site.panel("alerts")
    assert [one["alert_id"] for one in found["alerts"]] == ["second", "first"]
    second, first = found["alerts"]
    assert (first["user_id"], first["state"], first["amount"], first["takes"]) == (
        "ann", "open", 120.5, ["fraud", "ok", "ignore"]
    )  # fmt: skip
    assert first["score"] == pytest.approx(0.97)
    assert [reason["text"] for reason in first["reasons"]] == ["120.50 paid", "a shopper for 100 days"]
    assert second["takes"] == ["ok", "ignore"]
    assert [one["alert_id"] for one in site.panel("alerts", kind="churn")["alerts"]] == ["second"]
    assert [one["alert_id"] for one in site.panel("alerts", state="suppressed")["alerts"]] == ["covered"]
    limited = site.panel("alerts", state="any", limit=2)
    assert (len(limited["alerts"]), limited["more"]) == (2, True)


def test_a_shopper(site: Site, shop: Shop) -> None:
    shop.passes()
    shop.profile("ann", spent=250.0, views_30d=10.0, at_ms=NOW_MS - 30 * DAY_MS)
    shop.profile("bob", spent=1.0)
    for number in range(EVENTS + 5):
        shop.does("ann", "view", number / 100, item="boots", churn_state=2, churn_score=0.5 + number / 1000)
    shop.does("ann", "purchase", 5, amount=30.0, order_id="order 1", fraud_state=2, fraud_score=0.25, card="4242")
    shop.does("bob", "view", 6)
    shop.moves("loyal", "ann", "enter", 3)
    shop.moves("returning", "ann", "enter", 9)
    shop.moves("returning", "ann", "leave", 8, number=2)
    shop.alert("hers")
    shop.alert("his", "bob")
    shop.insert(
        "shopper_scores",
        user_id=["ann"],
        as_of_ms=[NOW_MS],
        churn_state=[2],
        churn_score=[0.75],
        churn_long_score=[math.nan],
        churn_version=["churn-3"],
        reason_1_feature=["log_gap_d"],
        reason_1_text=["comes every 94 days"],
        reason_1_contribution=[1.5],
    )
    found = site.panel("shopper", user_id="ann")
    profile = found["profile"]
    assert (profile["now_ms"], profile["totals"]["spent"]) == (NOW_MS, 250.0)
    assert profile["decayed"]["views"][profile["scales"].index("30d")] == pytest.approx(10 / math.e)
    assert len(found["events"]) == EVENTS
    assert (found["events"][0]["type"], found["events"][0]["amount"]) == ("purchase", 30.0)
    assert "4242" not in str(found)
    assert found["fraud_scores"] == {"ts_ms": [MIDNIGHT_MS + 5 * HOUR_MS], "score": [0.25]}
    assert len(found["churn_scores"]["score"]) == EVENTS + 5
    assert found["churn_scores"]["ts_ms"] == sorted(found["churn_scores"]["ts_ms"])
    assert [(one["title"], one["since_ms"], one["reason"]) for one in found["segments"]] == [
        ("Loyal shoppers", NOW_MS - 3 * DAY_MS, "why ann")
    ]
    assert [one["alert_id"] for one in found["alerts"]] == ["hers"]
    churn = found["churn"]
    assert (churn["score"], churn["long_score"], churn["reasons"]) == (0.75, None, ["comes every 94 days"])


def test_the_consoles_own_user_is_the_one_that_asks(open_console: Open, settings: Settings) -> None:
    elsewhere = replace(settings, clickhouse=Secret("clickhouse://127.0.0.1:1"), console_clickhouse=settings.clickhouse)
    assert open_console(elsewhere).panel("funnel")["now_ms"] == 0


def test_a_server_that_is_gone_is_an_error_of_the_panel(open_console: Open, settings: Settings) -> None:
    site = open_console(replace(settings, clickhouse=Secret("clickhouse://default:secret@127.0.0.1:1/default")))
    status, found, _ = site.ask("GET", "/api/panel/funnel")
    assert status == 503
    assert found["error"].startswith("ClickHouse at 127.0.0.1:1, query, ")
    assert "secret" not in found["error"]
    assert site.ask("GET", "/")[0] == 200
