"""Several models of a kind learn the same labels, each with scores of its own; and their metrics by day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from models.catalogue import CHURN, FRAUD, ModelSpec
from models.metrics import average_precision, brier, calibration_error, log_loss, roc_auc
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.learner.rounds import LearnerRounds
from tests.streams.learner.planted import DAY_MS, HORIZON_MS, T0, Planted, Start

END = HORIZON_MS
FIRST_DAY = datetime.fromtimestamp(T0 / 1000, UTC).date()


class Crash(Exception):
    """A process that ended there."""


def at_once(rounds: LearnerRounds) -> LearnerRounds:
    """Writes metrics after each round."""
    rounds._metrics.every_s = 0.0
    return rounds


def purchases(planted: Planted, scores: dict[str, float], labels: dict[str, str], *, model: str, day: int = 0) -> None:
    """Purchases with a score each, by the event's name, and labels that come a day later."""
    for number, (event, score) in enumerate(scores.items()):
        planted.predictions(("ann", event, day * DAY_MS + number), kind="fraud", model=model, score=score)
    for number, (event, verdict) in enumerate(labels.items()):
        planted.label("fraud_label", "ann", event, verdict, (day + 1) * DAY_MS + number)


def metrics(reader: Reader, model: str) -> list[dict[str, Any]]:
    names = ("day", "n", "positives", "roc_auc", "average_precision", "log_loss", "brier", "mean_score")
    names += ("calibration_error", "calibration_ratio", "precision_at_budget", "budget", "mean_label_delay_ms")
    rows = reader.query(
        f"SELECT {', '.join(names)} FROM model_metrics FINAL WHERE model = %(model)s ORDER BY day", {"model": model}
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


SCORES = {"e0": 0.1, "e1": 0.8, "e2": 0.3, "e3": 0.6}
LABELS = {"e0": "ok", "e1": "fraud", "e2": "fraud", "e3": "ok"}


def test_a_challenger_learns_what_came_before_it_with_scores_of_its_own_alone(
    planted: Planted, start: Start, fast: ModelSpec, reader: Reader
) -> None:
    purchases(planted, SCORES, LABELS, model="fraud")
    planted.predictions(("ann", "e3", 3), kind="fraud", model=fast.name, score=0.2)
    assert start(FRAUD).run_once().learnt == 4
    assert start(fast).run_once().learnt == 4
    learnt = {("ann", event): int(verdict == "fraud") for event, verdict in LABELS.items()}
    assert planted.learnt("fraud") == planted.learnt(fast.name) == learnt
    rows = reader.query(
        "SELECT model, event_id, round(toFloat64(score), 3) FROM learnt FINAL WHERE NOT isNaN(score) ORDER BY ALL"
    )
    assert rows == [*(("fraud", event, score) for event, score in SCORES.items()), (fast.name, "e3", 0.2)]
    versions = dict(reader.query("SELECT name, max(version) FROM models GROUP BY name"))
    assert versions["fraud"].startswith("fraud-00000001-")
    assert versions[fast.name].startswith("fraud-fast-00000001-")
    flats = reader.query("SELECT uniqExact(flat) FROM models")
    assert flats == [(2,)], "it learns otherwise"


@pytest.mark.parametrize("own_first", [True, False])
def test_of_silence_too_each_has_its_own_score(planted: Planted, start: Start, reader: Reader, own_first: bool) -> None:
    models = [("churn", 0.25), ("another", 0.75)]
    for written_ms, (model, score) in enumerate(models if own_first else reversed(models)):
        planted.predictions(("ann", "e", 0), model=model, score=score, written_ms=written_ms + 1)
    planted.ledger(0, END)
    assert start(CHURN).run_once().learnt == 1
    found = reader.query("SELECT event_id, label, score, ts_ms, labelled_ms FROM learnt FINAL")
    assert found == [("e", 1, 0.25, T0, T0 + HORIZON_MS)]


def test_metrics_are_by_model_and_day_of_the_event(planted: Planted, start: Start, reader: Reader) -> None:
    purchases(planted, SCORES, LABELS, model="fraud")
    purchases(planted, {"f0": 0.5, "f1": float("nan")}, {"f0": "ok", "f1": "fraud"}, model="fraud", day=3)
    at_once(start(FRAUD)).run_once()
    first, second = metrics(reader, "fraud")
    label = np.array([LABELS[event] == "fraud" for event in SCORES])
    score = np.array(list(SCORES.values()))
    assert first == {
        "day": FIRST_DAY,
        "n": 4,
        "positives": 2,
        "roc_auc": roc_auc(label, score),
        "average_precision": pytest.approx(average_precision(label, score)),
        "log_loss": pytest.approx(log_loss(label, score), rel=1e-6),
        "brier": pytest.approx(brier(label, score), rel=1e-6),
        "mean_score": pytest.approx(0.45),
        "calibration_error": pytest.approx(calibration_error(label, score), rel=1e-6),
        "calibration_ratio": pytest.approx(0.9),
        "precision_at_budget": 0.5,
        "budget": 100,
        "mean_label_delay_ms": DAY_MS,
    }
    assert (second["day"], second["n"], second["positives"]) == (FIRST_DAY + timedelta(days=3), 1, 0)
    assert np.isnan(second["roc_auc"])
    assert second["calibration_ratio"] == np.inf


def test_precision_is_taken_at_the_budget(planted: Planted, start: Start, reader: Reader) -> None:
    purchases(planted, SCORES, LABELS, model="fraud")
    at_once(start(FRAUD, fraud_alerts_per_day=3.0)).run_once()
    (day,) = metrics(reader, "fraud")
    assert (day["precision_at_budget"], day["budget"]) == (pytest.approx(2 / 3), 3)


def test_a_day_is_read_anew_when_labels_come_late(planted: Planted, start: Start, reader: Reader) -> None:
    purchases(planted, SCORES, {"e0": "ok", "e1": "fraud"}, model="fraud")
    purchases(planted, {"f0": 0.5}, {"f0": "ok"}, model="fraud", day=1)
    rounds = at_once(start(FRAUD))
    rounds.run_once()
    assert [row["n"] for row in metrics(reader, "fraud")] == [2, 1]
    planted.label("fraud_label", "ann", "e2", "fraud", 9 * DAY_MS)
    rounds.run_once()
    assert [(row["n"], row["positives"]) for row in metrics(reader, "fraud")] == [(3, 2), (1, 0)]
    versions = reader.query("SELECT day, version FROM model_metrics FINAL ORDER BY day")
    assert [version[:14] for _, version in versions] == ["fraud-00000002", "fraud-00000001"], "the other day is left"


@pytest.mark.parametrize("restarted", [True, False])
def test_metrics_that_a_crash_prevented_are_made_up_for(
    planted: Planted, start: Start, reader: Reader, monkeypatch: pytest.MonkeyPatch, restarted: bool
) -> None:
    insert = Writer.insert

    def crashing(self: Writer, table: str, *args: object, **kwargs: object) -> None:
        if table == "model_metrics":
            raise Crash
        insert(self, table, *args, **kwargs)  # type: ignore[arg-type]

    purchases(planted, SCORES, {"e0": "ok"}, model="fraud")
    rounds = at_once(start(FRAUD))
    with monkeypatch.context() as broken:
        broken.setattr(Writer, "insert", crashing)
        for event in ("e1", "e2"):
            with pytest.raises(Crash):
                rounds.run_once()
            planted.label("fraud_label", "ann", event, LABELS[event], 2 * DAY_MS)
    assert metrics(reader, "fraud") == []
    (at_once(start(FRAUD)) if restarted else rounds).run_once()
    (day,) = metrics(reader, "fraud")
    assert (day["n"], day["positives"]) == (3, 2)


def test_metrics_written_again_are_the_same(planted: Planted, start: Start, reader: Reader) -> None:
    purchases(planted, SCORES, LABELS, model="fraud")
    at_once(start(FRAUD)).run_once()
    expected = metrics(reader, "fraud")
    reader.query("TRUNCATE TABLE model_metrics")
    at_once(start(FRAUD)).run_once()
    assert metrics(reader, "fraud") == expected


def test_what_is_in_no_line_is_in_no_metrics(planted: Planted, start: Start, reader: Reader) -> None:
    purchases(planted, SCORES, LABELS, model="fraud")
    lost = {"model": ["fraud"], "version": ["fraud-00000001-00000000"], "event_id": ["lost"], "score": [0.5]}
    planted.insert("learnt", lost | {"ts_ms": [T0 + 5]})
    at_once(start(FRAUD)).run_once()
    assert [row["n"] for row in metrics(reader, "fraud")] == [4]


def test_a_model_that_begins_anew_has_its_days_written_anew(planted: Planted, start: Start, reader: Reader) -> None:
    purchases(planted, SCORES, {"e0": "ok"}, model="fraud")
    rounds = at_once(start(FRAUD))
    for event in ("e1", "e2"):
        rounds.run_once()
        planted.label("fraud_label", "ann", event, LABELS[event], 2 * DAY_MS)
    reader.query("ALTER TABLE models DELETE WHERE 1 SETTINGS mutations_sync = 1")
    rounds.run_once()
    assert [row["n"] for row in metrics(reader, "fraud")] == [3]
    assert reader.query("SELECT substring(version, 1, 14) FROM model_metrics FINAL") == [("fraud-00000001",)]


def test_metrics_are_not_written_more_often_than_they_should(planted: Planted, start: Start, reader: Reader) -> None:
    purchases(planted, SCORES, {"e0": "ok"}, model="fraud")
    rounds = start(FRAUD)
    rounds.run_once()
    planted.label("fraud_label", "ann", "e1", "fraud", 2 * DAY_MS)
    rounds.run_once()
    assert [row["n"] for row in metrics(reader, "fraud")] == [1]
    rounds._metrics._next_s = 0.0
    rounds.run_once()
    assert [row["n"] for row in metrics(reader, "fraud")] == [2]
