"""Cutting a data set at the times at which models are renewed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streams.backtest.clock import Clock, Step, until
from streams.replay.sources import SOURCES
from tests.streams.backtest.town import START, written

HOUR_MS = 3_600_000


def click(number: int, ts: int) -> dict[str, Any]:
    return {"type": "click", "event_id": f"c{number}", "user_id": "u", "ts": ts}


def purchase(number: int, ts: int) -> dict[str, Any]:
    return click(number, ts) | {"type": "purchase", "order_id": "o", "amount": 1}


def label(number: int, ts: int) -> dict[str, Any]:
    return click(number, ts) | {
        "type": "fraud_label",
        "event_id": f"l{number}",
        "target": f"c{number}",
        "verdict": "ok",
    }


def steps(file: Path, made: list[dict[str, Any]]) -> Iterator[Step]:
    return Clock(every_ms=HOUR_MS, duplicate_window=100).steps(SOURCES["jsonl"].events(written(file, made)))


def test_no_step_goes_beyond_an_interval(tmp_path: Path) -> None:
    made = [click(number, START + number * HOUR_MS // 3) for number in range(7)]
    found = list(steps(tmp_path / "events", made))
    assert [step.at_ms for step in found] == [START, START + HOUR_MS, START + 2 * HOUR_MS]
    assert [step.events.event_id.tolist() for step in found] == [["c0", "c1", "c2"], ["c3", "c4", "c5"], ["c6"]]
    assert [step.position for step in found] == [3, 6, 7]


def test_behaviour_of_all_topics_stays_in_order_and_labels_apart(tmp_path: Path) -> None:
    made = [click(0, START), purchase(1, START + 1), label(1, START + 2), click(2, START + 3)]
    (step,) = steps(tmp_path / "events", made)
    assert step.events.event_id.tolist() == ["c0", "c1", "c2"]
    assert step.events.offset.tolist() == [0, 1, 3]
    assert step.labels.target.tolist() == ["c1"]


def test_what_comes_late_is_of_the_time_at_which_it_comes(tmp_path: Path) -> None:
    found = list(steps(tmp_path / "events", [click(0, START + HOUR_MS), click(1, START), click(2, START + HOUR_MS)]))
    assert [(step.at_ms, len(step.events)) for step in found] == [(START + HOUR_MS, 3)]


def test_an_event_that_comes_twice_counts_once(tmp_path: Path) -> None:
    (step,) = steps(tmp_path / "events", [click(0, START), click(0, START + 1), purchase(0, START + 2)])
    assert step.events.ts.tolist() == [START, START + 2]


def test_a_run_may_stop_early(tmp_path: Path) -> None:
    told: list[int] = []
    made = [click(number, START + number * HOUR_MS) for number in range(5)]
    found = list(until(steps(tmp_path / "events", made), START + 2 * HOUR_MS, told.append))
    assert [step.at_ms for step in found] == [START, START + HOUR_MS]
    assert told == [1, 2]
