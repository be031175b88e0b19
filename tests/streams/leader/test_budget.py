"""The threshold follows the budget, by what is in the tables."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest

from models.catalogue import ModelSpec
from models.lineup import Decision
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.decisions import write_decision
from streams.leader.budget import AlertBudget
from streams.settings import Secret, Settings
from streams.thresholds import Threshold, decided
from streams.worker.costs import Costs
from streams.worker.following import Following
from tests.streams.leader.conftest import DAY_MS, T0, Scored

RANDOM = np.random.default_rng(5)
WEEK = np.sort(RANDOM.integers(1, 7 * DAY_MS + 1, 7_000))
"""A thousand times a day."""

Start = Callable[..., AlertBudget]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, model_key=Secret("a key of the tests"))


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Starts the duty as a new leader would; ``start(churn_alerts_per_day=..)``."""
    running: list[AlertBudget] = []
    clock = count(1_800_000_000_000)

    def started(**changes: Any) -> AlertBudget:
        changes = {"alert_suppress_hours": 0.0} | changes
        running.append(AlertBudget(replace(settings, **changes), clock_ms=clock.__next__, stop=threading.Event()))
        return running[-1]

    yield started
    for one in running:
        one.close()


def found(reader: Reader, model: str = "churn") -> Threshold:
    return decided(reader)[model]


def test_as_many_alerts_a_day_as_the_budget(scored: Scored, start: Start, reader: Reader) -> None:
    score = RANDOM.random(len(WEEK)).astype(np.float32)
    scored.scores(WEEK, score)
    scored.scores(WEEK - 7 * DAY_MS, score)  # before the window
    scored.scores(WEEK, np.full(len(WEEK), np.nan), state=1)
    scored.scores(WEEK + 7 * DAY_MS, score)  # of a partition that is ahead
    scored.come_to(13 * DAY_MS, 7 * DAY_MS)
    assert not start(churn_alerts_per_day=20.0).run()
    row = found(reader)
    assert (score >= row.threshold).sum() in range(138, 142)
    assert row.expected_per_day == pytest.approx(20, rel=0.02)
    assert (row.scores, row.until_ms, row.per_day) == (7_000, T0 + 7 * DAY_MS, 20.0)


def test_alerts_about_the_same_shopper_take_one_place(scored: Scored, start: Start, reader: Reader) -> None:
    scored.scores(WEEK, np.linspace(0.0, 1.0, len(WEEK)), users=50)
    scored.come_to(7 * DAY_MS)
    start(churn_alerts_per_day=10.0, alert_suppress_hours=24.0).run()
    with_suppression = found(reader)
    start(churn_alerts_per_day=10.0).run()
    assert with_suppression.threshold < found(reader).threshold
    assert with_suppression.expected_per_day == pytest.approx(10.0, rel=0.1)


def test_where_all_scores_are_one_there_are_no_alerts(scored: Scored, start: Start, reader: Reader) -> None:
    scored.scores(WEEK, np.full(len(WEEK), 0.75))
    scored.come_to(7 * DAY_MS)
    start(churn_alerts_per_day=20.0).run()
    assert found(reader).threshold == np.nextafter(np.float32(0.75), np.float32(1))
    assert found(reader).expected_per_day == 0


def test_before_there_is_a_day_it_has_a_day_s_alerts(scored: Scored, start: Start, reader: Reader) -> None:
    start(churn_alerts_per_day=5.0).run()
    assert decided(reader) == {}, "nothing is known before the first score"
    score = RANDOM.random(300).astype(np.float32)
    scored.scores(WEEK[:300], score)
    scored.come_to(int(WEEK[299]))
    start(churn_alerts_per_day=5.0).run()
    assert (score >= found(reader).threshold).sum() == 5


def test_a_small_budget_looks_back_further(scored: Scored, start: Start, reader: Reader) -> None:
    month = np.sort(RANDOM.integers(1, 100 * DAY_MS, 5_000))
    score = RANDOM.random(5_000).astype(np.float32)
    scored.scores(month, score)
    scored.come_to(100 * DAY_MS)
    start(churn_alerts_per_day=0.2).run()
    looked_at = score[month > 50 * DAY_MS]
    assert (looked_at >= found(reader).threshold).sum() in (9, 10)


def test_one_event_long_ago_does_not_make_days(scored: Scored, start: Start, reader: Reader) -> None:
    score = RANDOM.random(1_000).astype(np.float32)
    ts = 6 * DAY_MS + np.sort(RANDOM.integers(0, DAY_MS, 1_000))
    ts[0] = 1
    scored.scores(ts, score)
    scored.come_to(7 * DAY_MS)
    start(churn_alerts_per_day=10.0).run()
    assert (score >= found(reader).threshold).sum() == 10


def test_only_what_is_noticeable_is_written(scored: Scored, start: Start, reader: Reader) -> None:
    score = RANDOM.random(len(WEEK)).astype(np.float32)
    scored.scores(WEEK, score)
    scored.come_to(7 * DAY_MS)
    rows = "SELECT count() FROM alert_thresholds"
    for per_day, expected in ((20.0, 1), (20.0, 1), (21.0, 2)):
        start(churn_alerts_per_day=per_day).run()
        assert reader.query(rows) == [(expected,)]
    scored.scores(WEEK[:1], np.array([0.99]))
    start(churn_alerts_per_day=21.0).run()
    assert reader.query(rows) == [(2,)], "one alert more in a week"
    scored.scores(WEEK[:50], np.full(50, 0.99))
    start(churn_alerts_per_day=21.0).run()
    assert reader.query(rows) == [(3,)]


def test_the_same_tables_give_the_same(scored: Scored, start: Start, reader: Reader) -> None:
    scored.scores(WEEK, RANDOM.random(len(WEEK)))
    scored.come_to(7 * DAY_MS)
    decisions = []
    for _ in range(2):
        start(churn_alerts_per_day=20.0).run()
        decisions.append(found(reader)._replace(decided_ms=0))
        reader.query("TRUNCATE TABLE alert_thresholds")
    assert decisions[0] == decisions[1]


def test_whoever_is_promoted_has_a_threshold_of_its_own(
    settings: Settings, scored: Scored, start: Start, reader: Reader, writer: Writer, fast: ModelSpec
) -> None:
    score = RANDOM.random(len(WEEK)).astype(np.float32)
    for model, scores in (("fraud", score), (fast.name, score / 4)):
        scored.scores(WEEK, scores, model=model, kind="fraud")
    scored.come_to(7 * DAY_MS)
    write_decision(writer, Decision(kind="fraud", decided_ms=1, action="challenge", model=fast.name))
    start(fraud_alerts_per_day=20.0).run()
    champion, challenger = found(reader, "fraud"), found(reader, fast.name)
    assert (score >= champion.threshold).sum() in range(138, 142)
    assert challenger.threshold == pytest.approx(champion.threshold / 4, rel=1e-6)

    following = Following(
        replace(settings, fraud_alerts_per_day=20.0, fraud_threshold=0.1), stop=threading.Event(), costs=Costs()
    )
    assert following.poll().thresholds == {"fraud": champion.threshold, "churn": settings.churn_threshold}
    write_decision(writer, Decision(kind="fraud", decided_ms=2, action="promote", model=fast.name))
    assert following.poll().thresholds["fraud"] == challenger.threshold
    following.close()


def test_the_fixed_threshold_is_the_least_and_holds_without_a_budget(
    settings: Settings, scored: Scored, start: Start, reader: Reader
) -> None:
    scored.scores(WEEK, RANDOM.random(len(WEEK)) / 2)
    scored.come_to(7 * DAY_MS)
    start(churn_alerts_per_day=20.0).run()
    assert found(reader).threshold < 0.5
    for changes, threshold in (
        ({"churn_alerts_per_day": 20.0, "churn_threshold": 0.6}, 0.6),
        ({"churn_alerts_per_day": 20.0, "churn_threshold": 0.1}, found(reader).threshold),
        ({"churn_alerts_per_day": 0.0, "churn_threshold": 0.1}, 0.1),
    ):
        following = Following(replace(settings, **changes), stop=threading.Event(), costs=Costs())
        assert following.poll().thresholds["churn"] == threshold
        following.close()
