"""Silent shoppers are scored each day of event time; the valuable ones are told of, once a silence."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from models.catalogue import CHURN, CHURN_LONG
from models.sweep import EVERY_DAYS
from schemas.alerts import alert_id
from streams.clickhouse.writer import Writer
from streams.learner.silence import Silence
from tests.streams.leader.silent_town import CROSSES_D, DAY_MS, T0, VALUABLE, SilentTown, sweep
from tests.streams.worker.on_topic import messages


def test_a_valuable_shopper_s_silence_is_told_of_once(town: SilentTown) -> None:
    town.shoppers({"ann": 0.25, "bob": 2.0})
    town.shoppers({"poor": 0.5}, spent=VALUABLE / 2)
    leader = town.leader()
    for day in (1, 5, CROSSES_D, CROSSES_D + 1, CROSSES_D + 2, CROSSES_D + 3, 40):
        town.passes(day + 0.1)
        sweep(leader)
    assert town.alerts() == [("ann", CROSSES_D + 1), ("bob", CROSSES_D + 2)]
    assert town.on_topic() == ["ann", "bob"]
    (alert, *_) = (json.loads(value) for _, value in messages(town.settings, "alerts.churn") if b'"ann"' in value)
    assert alert["alert_id"] == alert_id("churn", "sweep", "ann", alert["event_id"])
    assert (alert["ts"], alert["amount"]) == (T0 + (CROSSES_D + 1) * DAY_MS, VALUABLE)
    assert alert["score"] >= alert["threshold"] == 0.9
    assert [reason["feature"] for reason in alert["reasons"]] == ["log_recency_d"]
    assert alert["reasons"][0]["text"] == "silent for 11 days"


@pytest.mark.parametrize(("page_shoppers", "expected"), [(100, [2, 4, 6, 6]), (2, [2, 4, 5, 6])])
def test_with_a_budget_only_its_share_is_told_of_at_a_midnight_and_the_others_later(
    town: SilentTown, page_shoppers: int, expected: list[int]
) -> None:
    """Pages have equal shares, so one of which nobody is left leaves its own."""
    town.settings = replace(town.settings, churn_alerts_per_day=4.0)
    town.shoppers({f"shopper {number}": 0.1 for number in range(6)})
    told = []
    for day in range(CROSSES_D + 1, CROSSES_D + 5):
        town.passes(day + 0.1)
        sweep(town.leader(page_shoppers=page_shoppers))
        told.append(len(town.alerts()))
    assert told == expected
    assert sorted(town.on_topic()) == [f"shopper {number}" for number in range(6)]


def test_all_who_are_silent_for_a_day_are_scored_at_each_midnight(town: SilentTown) -> None:
    town.shoppers({"ann": 0.5, "bob": 4.0, "gone": -200.0, "busy": 5.5})
    town.passes(5.9)
    sweep(town.leader(page_shoppers=1))
    rows = town.reader.query(
        "SELECT user_id, as_of_ms, last_ms, churn_score, top_reason FROM shopper_scores FINAL ORDER BY user_id"
    )
    assert [(user, (at_ms - T0) / DAY_MS) for user, at_ms, *_ in rows] == [("ann", 5.0), ("bob", 5.0)]
    assert rows[0][3] > rows[1][3] > 0
    done = town.reader.query("SELECT partition, at_ms, shoppers, alerts FROM sweeps FINAL")
    assert done == [(0, T0 + 5 * DAY_MS, 2, 0)]


def test_the_silent_are_learnt_from_once_a_week(town: SilentTown) -> None:
    town.shoppers({f"shopper {number}": 0.5 for number in range(6)} | {"back": 0.5, "soon": 0.5})
    leader = town.leader(page_shoppers=3)
    for day in range(2, 2 + EVERY_DAYS):
        town.passes(day)
        sweep(leader)
    samples = town.reader.query(
        "SELECT model, user_id, ts_ms, due_ms FROM predictions FINAL WHERE topic = 'sweep' ORDER BY model, user_id"
    )
    assert [model for model, *_ in samples] == ["churn"] * 8 + ["churn-long"] * 8
    assert {(due_ms - ts_ms - 1) // DAY_MS for model, _, ts_ms, due_ms in samples if model == "churn"} == {30}
    scored_at = {user: ts_ms + 1 for _, user, ts_ms, _ in samples}
    assert all((at_ms - T0) // DAY_MS in range(2, 2 + EVERY_DAYS) for at_ms in scored_at.values())
    town.events({"soon": scored_at["soon"], "back": scored_at["back"] + 31 * DAY_MS})
    town.passes(50)
    found = Silence(CHURN, town.reader, lateness_ms=0).take(None, 100).examples
    assert dict(zip(found.user_id, found.label.tolist(), strict=True)) == {user: user != "soon" for user in scored_at}
    town.passes(150)
    found = Silence(CHURN_LONG, town.reader, lateness_ms=0).take(None, 100).examples
    churned = {user for user, label in zip(found.user_id, found.label.tolist(), strict=True) if label}
    assert churned == scored_at.keys() - {"soon", "back"}


def test_each_partition_has_its_own_time(town: SilentTown) -> None:
    town.passes(5.9)
    town.passes(3.2, partition=1)
    leader = town.leader()
    assert sweep(leader) == 2
    assert sweep(leader) == 0
    town.passes(4.0, partition=1)
    assert sweep(leader) == 1
    done = town.reader.query("SELECT partition, at_ms FROM sweeps FINAL ORDER BY 1, 2")
    assert [(partition, (at_ms - T0) // DAY_MS) for partition, at_ms in done] == [(0, 5), (1, 3), (1, 4)]


def test_another_silence_is_told_of_once_the_score_has_been_well_below(town: SilentTown) -> None:
    leader = town.leader()

    def silent_from(first: int) -> list[tuple[str, float]]:
        town.shoppers({"ann": first - 0.5})
        for passed in (1, CROSSES_D, CROSSES_D + 1):
            town.passes(first + passed)
            sweep(leader)
        return town.alerts()

    told = silent_from(0)
    assert len(told) == 1
    town.publish(lowest=2.0)  # 0.88: below the threshold, but not by as much as the hysteresis
    assert silent_from(15) == told
    town.publish()
    assert len(silent_from(30)) == 2
    assert len(town.on_topic()) == 2


def test_an_alert_of_the_last_day_s_event_is_about_this_silence(town: SilentTown) -> None:
    town.alert_of_event("ann", 0.2)
    town.alert_of_event("bob", -30.0)
    town.shoppers({"ann": 0.5, "bob": 0.5})
    for day in (2, 15):  # bob's score is low on the first of them
        town.passes(day)
        sweep(town.leader())
    assert town.alerts() == [("bob", 15)]


def test_whoever_leads_next_repeats_nothing(town: SilentTown) -> None:
    town.shoppers({f"shopper {number}": 0.5 for number in range(5)})
    town.passes(CROSSES_D + 1)
    assert sweep(town.leader(page_shoppers=2)) == 3
    before = town.on_topic()
    assert sweep(town.leader()) == 0
    assert town.on_topic() == before == sorted(user for user, _ in town.alerts())
    assert len(before) == 5


def test_a_sweep_that_another_ended_is_left(town: SilentTown) -> None:
    town.shoppers({f"shopper {number}": 0.5 for number in range(5)})
    town.passes(CROSSES_D + 1)
    former = town.leader(page_shoppers=2)
    assert former.run()
    sweep(town.leader())
    assert sweep(former) == 0
    assert len(town.alerts()) == 5
    assert town.reader.query("SELECT sum(shoppers), count() FROM sweeps") == [(5, 1)]


class Killed(Exception):
    pass


@pytest.mark.parametrize("table", ["alerts", "churn_rearmed", "shopper_scores", "predictions", "sweeps"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_step_leaves_what_the_next_completes(
    town: SilentTown, monkeypatch: pytest.MonkeyPatch, table: str, when: str
) -> None:
    town.alert_of_event("calm", -20.0)
    town.shoppers({"ann": 0.5, "bob": 0.5, "calm": CROSSES_D - 0.5})
    insert = Writer.insert

    def dying(self: Writer, into: str, columns: Mapping[str, Any], *, token: str) -> None:
        if when == "after" or into != table:
            insert(self, into, columns, token=token)
        if into == table:
            raise Killed

    town.passes(CROSSES_D + 1)
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "insert", dying)
        with pytest.raises(Killed):
            sweep(town.leader(page_shoppers=2))
    leader = town.leader(page_shoppers=2)
    sweep(leader)
    assert town.alerts() == [("ann", CROSSES_D + 1), ("bob", CROSSES_D + 1)]
    assert set(town.on_topic()) == {"ann", "bob"}
    ids = [json.loads(value)["alert_id"] for _, value in messages(town.settings, "alerts.churn")]
    assert len(set(ids)) == 2
    assert town.reader.query("SELECT user_id FROM churn_rearmed FINAL") == [("calm",)]
    assert town.reader.query("SELECT count() FROM shopper_scores FINAL") == [(3,)]
    assert town.reader.query("SELECT shoppers, alerts FROM sweeps FINAL") == [(3, 2)]
    assert sweep(leader) == 0


@pytest.mark.bench
def test_a_sweep_costs_less_than_ten_microseconds_a_shopper(town: SilentTown) -> None:
    n = 40_000
    town.shoppers({f"shopper {number:06}": 0.5 for number in range(n)})
    town.passes(5)
    leader = town.leader(page_shoppers=10_000)
    leader.run()
    began, began_cpu = time.monotonic(), time.thread_time()
    assert sweep(leader) == n // 10_000
    wall_us, cpu_us = (time.monotonic() - began) / n * 4e6 / 3, (time.thread_time() - began_cpu) / n * 4e6 / 3
    print(f"{cpu_us:.1f} µs of CPU a shopper, {wall_us:.1f} µs with waiting for ClickHouse")
    assert cpu_us < 10
