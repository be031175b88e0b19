"""Which scores are alerts, and which alerts a new owner sends once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from models.engine import Predictions, ScoredBatch
from models.scoring import NOT_SCORED, SCORED, WARMING_UP, Scores
from schemas.alerts import Alert, Kind, alert_id
from schemas.decode import Decoder
from schemas.topics import CARTS, CLICKS
from streams.clickhouse.reader import Reader
from streams.settings import Settings
from streams.transport.unpack import unpack
from streams.worker.alerting import alerts_of, undelivered
from streams.worker.delivery import Delivery
from tests.streams.worker.models_at_hand import WARM
from tests.streams.worker.owner import COLD, Owner, partition
from tests.streams.worker.runs import NOW_MS, run_from

RAISED_MS = NOW_MS + 500


def scored(probability: list[float], state: list[int] | None = None, *, kind: Kind = "fraud") -> ScoredBatch:
    """Purchases with the given scores of one model, all of which will get a label."""
    n = len(probability)
    events, _ = Decoder(CARTS).decode(3, unpack(run_from(CARTS, 10, 9 + n)))
    scores = Scores(np.array(state or [SCORED] * n, np.uint8), np.array(probability, np.float32), WARM[kind].version)
    predictions = Predictions(
        kind=kind,
        scores={kind: scores},
        rows=np.arange(n),
        features=np.ones((n, len(WARM[kind].spec.features.names)), dtype=np.float32),
        due_ms=events.ts,
    )
    return ScoredBatch(events=events, scores={kind: scores}, predictions=(predictions,))


def raised(batch: ScoredBatch, thresholds: Mapping[Kind, float]) -> list[Alert]:
    return alerts_of(batch, WARM, thresholds, raised_ms=RAISED_MS)


@pytest.mark.parametrize(
    ("threshold", "at_it"),
    [(0.9, False), (0.95, False), (0.3, True), (0.5, True), (1.0, True)],  # 0.9 as a score is 0.89999998
)
def test_a_score_at_the_threshold_is_an_alert(threshold: float, at_it: bool) -> None:
    at = np.float32(threshold)
    batch = scored([float(np.nextafter(at, np.float32(0))), float(at), float(np.nextafter(at, np.float32(2)))])
    alerts = raised(batch, {"fraud": threshold})
    assert [alert.offset for alert in alerts] == ([11, 12] if at_it else [12])
    assert all(alert.score >= threshold == alert.threshold for alert in alerts)


@pytest.mark.parametrize("threshold", [0.9, 0.3])
def test_an_alert_tells_its_event_and_why(threshold: float) -> None:
    (alert,) = raised(scored([0.1, 0.96]), {"fraud": threshold})
    assert alert.alert_id == alert_id("fraud", CARTS, "ann", "event 11")
    assert (alert.kind, alert.user_id, alert.event_id) == ("fraud", "ann", "event 11")
    assert (alert.topic, alert.partition, alert.offset, alert.ts) == (CARTS, 3, 11, NOW_MS)
    assert (alert.order_id, alert.amount, alert.raised_ms) == ("order", 30.0, RAISED_MS)
    assert alert.version == WARM["fraud"].version
    assert alert.score >= alert.threshold == threshold
    (reasons,) = WARM["fraud"].explain(np.ones((1, len(WARM["fraud"].spec.features.names)), dtype=np.float32))
    assert alert.reasons == reasons != []


def test_only_what_is_scored_is_an_alert() -> None:
    assert raised(scored([np.nan, np.nan, 0.99], [WARMING_UP, NOT_SCORED, SCORED]), {"fraud": 0.0})[0].offset == 12


def test_models_that_warm_up_raise_none(alone: Callable[..., Owner]) -> None:
    owner = alone(fraud_threshold=0.0, churn_threshold=0.0)
    owner.follow(COLD)
    (outcome,) = owner.process(run_from(CARTS, 0, 3))
    assert outcome.alerts == []
    assert outcome.delivery is None


def test_churn_alerts_once_a_shopper_and_day(on_topics: Owner) -> None:
    day_ms = 86_400_000
    midnight = NOW_MS // day_ms * day_ms
    outcomes = on_topics.process(
        run_from(CLICKS, 0, 5, ts=midnight - 10 * day_ms),
        run_from(CLICKS, 6, 9, ts=midnight - 9 * day_ms),
        run_from(CLICKS, 10, 12, ts=midnight - 9 * day_ms + 60_000),
        run_from(CLICKS, 13, 13, ts=midnight - 12 * day_ms),  # late
        run_from(CLICKS, 14, 15, ts=midnight - 9 * day_ms, user_id="bob"),
    )
    alerts = [alert for outcome in outcomes for alert in outcome.alerts]
    assert [(alert.kind, alert.user_id, alert.offset) for alert in alerts] == [
        ("churn", "ann", 0),
        ("churn", "ann", 6),
        ("churn", "bob", 14),
    ]


def test_every_purchase_may_be_an_alert_of_its_own(on_topics: Owner) -> None:
    (outcome,) = on_topics.process(run_from(CARTS, 0, 3))
    assert [(alert.kind, alert.offset) for alert in outcome.alerts] == [
        *(("fraud", offset) for offset in range(4)),
        ("churn", 0),
    ]


def test_alerts_beyond_the_ledger_are_undelivered(on_topics: Owner, reader: Reader) -> None:
    outcomes = on_topics.work(run_from(CARTS, 0, 2), run_from(CLICKS, 0, 4), run_from(CARTS, 3, 9))
    written = [alert for outcome in outcomes for alert in outcome.alerts if alert.topic == CARTS]
    assert len(written) == 11
    by_place = {(alert.kind, alert.offset): alert for alert in written}
    for after in (-1, 2, 8, 9):
        found = undelivered(reader, (CARTS, 0), after=after)
        assert [alert.offset for alert in found] == sorted(alert.offset for alert in found)
        assert {(alert.kind, alert.offset): alert for alert in found} == {
            place: alert for place, alert in by_place.items() if place[1] > after
        }
        assert [alert.to_json() for alert in found] == [by_place[alert.kind, alert.offset].to_json() for alert in found]
    assert undelivered(reader, (CARTS, 1), after=-1) == []
    assert {alert.topic for alert in undelivered(reader, (CLICKS, 0), after=-1)} <= {CLICKS}


@pytest.fixture
def on_topics(on_broker: Settings, owner: Callable[..., Owner], delivery: Delivery) -> Owner:
    """Owns partition 0, with models that alert at almost any score."""
    settings = replace(
        on_broker,
        fraud_threshold=1e-9,  # not a float32, nor is the next
        churn_threshold=1e-9,
        alert_suppress_hours=0.0,
    )
    made = owner(settings=settings, delivery=delivery, scorers=WARM)
    made.take(partition(0))
    return made
