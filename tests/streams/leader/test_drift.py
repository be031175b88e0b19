"""What isn't as it was is told once, on a real engine and broker."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from models.catalogue import CHURN
from schemas.topics import ALERTS_SYSTEM
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.leader.drift import DriftWatch
from streams.settings import Settings
from streams.worker.delivery import Delivery
from tests.streams.leader.conftest import DAY_MS, T0, Scored
from tests.streams.worker.on_topic import messages

N_FEATURES = len(CHURN.features.names)
SHIFTED = CHURN.features.names[5]
PER_DAY = 400

Start = Callable[[], DriftWatch]


class Crash(Exception):
    """A process that ended there."""


def day_of(number: int) -> date:
    return datetime.fromtimestamp((T0 + number * DAY_MS) / 1000, UTC).date()


@pytest.fixture
def start(on_broker: Settings, delivery: Delivery) -> Iterator[Start]:
    """Starts the duty as a new leader would."""
    running: list[DriftWatch] = []
    clock = count(1_800_000_000_000)

    def started() -> DriftWatch:
        settings = replace(on_broker, max_ahead_s=0.0)
        running.append(DriftWatch(settings, delivery, clock_ms=clock.__next__, stop=threading.Event()))
        return running[-1]

    yield started
    for one in running:
        one.close()


def run(duty: DriftWatch) -> None:
    while duty.step():
        pass


def told(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(value) for _, value in messages(settings, ALERTS_SYSTEM)]


def plant(scored: Scored, first: int, days: int, *, shift: float = 0.0) -> None:
    """Days of scores, with one feature shifted."""
    random = np.random.default_rng(first)
    n = days * PER_DAY
    features = random.normal(size=(n, N_FEATURES)).astype(np.float32)
    features[:, 5] += shift
    ts = first * DAY_MS + np.sort(random.integers(0, days * DAY_MS, n))
    scored.scores(ts, random.random(n), features=features)


def test_a_shifted_feature_is_told_once_and_no_other(
    on_broker: Settings, scored: Scored, start: Start, reader: Reader
) -> None:
    plant(scored, 0, 6)
    plant(scored, 6, 3, shift=2.0)
    scored.come_to(8 * DAY_MS + 1, 9 * DAY_MS - 1)
    run(start())
    (alert,) = told(on_broker)
    assert (alert["kind"], alert["model"], alert["subject"]) == ("drift.feature", "churn", SHIFTED)
    assert alert["day"] == day_of(6).isoformat()
    assert alert["value"] >= alert["threshold"] == 0.25
    assert SHIFTED in alert["text"]
    assert reader.query("SELECT alert_id, subject, text FROM system_alerts FINAL") == [
        (alert["alert_id"], SHIFTED, alert["text"])
    ]
    values = reader.query("SELECT day, what, feature FROM model_drift FINAL WHERE drifted = 1 ORDER BY day")
    assert values == [(day_of(6), "feature", SHIFTED), (day_of(7), "feature", SHIFTED)], "the last day isn't closed"
    rows = reader.query("SELECT day, count(), min(n), max(reference) FROM model_drift FINAL GROUP BY day ORDER BY day")
    assert [row[:2] for row in rows] == [(day_of(day), 1 + N_FEATURES) for day in range(8)]
    assert sum(n for _, _, n, _ in rows[:6]) == rows[6][3] == 6 * PER_DAY

    scored.come_to(9 * DAY_MS, 9 * DAY_MS)
    run(start())
    assert len(told(on_broker)) == 1, "neither by another leader nor of another day"


def test_a_crash_after_telling_tells_the_same_again(
    on_broker: Settings, scored: Scored, start: Start, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = Writer.insert

    def crashing(self: Writer, table: str, *args: object, **kwargs: object) -> None:
        if table == "model_drift":
            raise Crash
        insert(self, table, *args, **kwargs)  # type: ignore[arg-type]

    plant(scored, 0, 2)
    scored.come_to(2 * DAY_MS)
    run(start())
    plant(scored, 2, 1, shift=2.0)
    scored.come_to(3 * DAY_MS)
    with monkeypatch.context() as patched:
        patched.setattr(Writer, "insert", crashing)
        with pytest.raises(Crash):
            start().step()
    run(start())
    first, second = told(on_broker)
    assert first["alert_id"] == second["alert_id"]
    assert reader.query("SELECT count() FROM system_alerts FINAL") == [(1,)]


def test_of_many_rows_a_part_is_looked_at(
    scored: Scored, start: Start, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.leader.score_drift.MOST_ROWS", 100)
    plant(scored, 0, 2)
    scored.come_to(2 * DAY_MS)
    run(start())
    rows = reader.query("SELECT n, reference FROM model_drift FINAL WHERE what = 'score' ORDER BY day")
    assert [20 < n < 180 for n, _ in rows] == [True, True]
    assert 20 < rows[1][1] < 180


def learnt(scored: Scored, label: npt.NDArray[np.bool_], score: npt.NDArray[np.float32], day: int) -> None:
    n = len(label)
    scored.insert(
        "learnt",
        {
            "model": ["churn"] * n,
            "version": ["churn-1"] * n,
            "user_id": [f"user {row}" for row in range(n)],
            "event_id": [f"{day} {row}" for row in range(n)],
            "label": label.astype("u1"),
            "score": score,
            "ts_ms": np.full(n, T0),
            "labelled_ms": T0 + day * DAY_MS + np.arange(n),
        },
    )


def test_a_rise_of_losses_is_told_once(on_broker: Settings, scored: Scored, start: Start, reader: Reader) -> None:
    scored.insert("models", {"name": ["churn"], "version": ["churn-1"]})
    random = np.random.default_rng(1)

    def live(days: range, *, right: float) -> None:
        for day in days:
            label = random.random(PER_DAY) < 0.5
            score = np.where(label == (random.random(PER_DAY) < right), 0.8, 0.2).astype(np.float32)
            learnt(scored, label, score, day)

    live(range(6), right=0.85)
    run(start())
    assert told(on_broker) == []
    live(range(6, 10), right=0.5)
    run(start())
    (alert,) = told(on_broker)
    assert (alert["kind"], alert["model"], alert["subject"]) == ("drift.loss", "churn", "")
    assert alert["day"] == day_of(6).isoformat()
    assert alert["value"] > alert["threshold"] + 0.2
    live(range(10, 12), right=0.5)
    run(start())
    assert len(told(on_broker)) == 1
    days = reader.query("SELECT day, drifted, n FROM model_drift FINAL WHERE what = 'loss' ORDER BY day")
    assert days == [(day_of(day), int(day == 6), PER_DAY) for day in range(11)]
