"""Which scores are alerts, and which alerts a new owner sends once more."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from models.engine import Predictions, ScoredBatch
from models.scoring import NOT_SCORED, SCORED, WARMING_UP, Scores
from schemas.alerts import Alert, Kind, alert_id
from schemas.decode import Decoder
from schemas.topics import ALERTS_FRAUD, CARTS, CLICKS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from streams.transport.unpack import unpack
from streams.worker.alerting import alerts_of, undelivered
from streams.worker.delivery import Delivery
from streams.worker.processor import Outcome
from tests.streams.worker.models_at_hand import WARM
from tests.streams.worker.on_topic import messages
from tests.streams.worker.owner import COLD, Owner, partition
from tests.streams.worker.runs import NOW_MS, run_from

RAISED_MS = NOW_MS + 500
HOUR_MS = 3_600_000


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
    """Suppresses none."""
    return owning(owner, replace(on_broker, alert_suppress_hours=0.0), delivery, "w1")


def owning(make: Callable[..., Owner], settings: Settings, delivery: Delivery, worker: str) -> Owner:
    """Owns partition 0, with models that alert at almost any score."""
    settings = replace(settings, fraud_threshold=1e-9, churn_threshold=1e-9)  # neither is a float32
    made = make(settings=settings, delivery=delivery, scorers=WARM, worker=worker)
    made.take(partition(0))
    return made


def decided(outcomes: list[Outcome]) -> dict[str, str]:
    """By id, which alert covers it: empty for one that was sent."""
    sent = {alert.alert_id: "" for outcome in outcomes for alert in outcome.alerts}
    return sent | {one.alert.alert_id: one.by for outcome in outcomes for one in outcome.suppressed}


def in_table(reader: Reader) -> dict[str, str]:
    return dict(reader.query("SELECT alert_id, suppressed_by FROM alerts FINAL"))


ABOUT_ANN = (
    run_from(CARTS, 0, 3),  # at one time
    run_from(CARTS, 4, 5, card="4242"),
    run_from(CARTS, 6, 7, ts=NOW_MS + 20 * HOUR_MS),
    run_from(CARTS, 8, 9, ts=NOW_MS + 24 * HOUR_MS),
    run_from(CARTS, 10, 10, user_id="bob"),
)


def test_only_the_first_about_the_same_is_sent(
    owner: Callable[..., Owner], on_broker: Settings, delivery: Delivery, reader: Reader
) -> None:
    made = owning(owner, replace(on_broker, max_ahead_s=1e6), delivery, "w1")
    outcomes = made.work(*ABOUT_ANN)
    sent = [alert for outcome in outcomes for alert in outcome.alerts]
    assert sorted((alert.kind, alert.offset) for alert in sent) == [
        *(("churn", 0), ("churn", 10)),
        *(("fraud", 0), ("fraud", 4), ("fraud", 8), ("fraud", 10)),
    ]
    assert in_table(reader) == decided(outcomes)
    by_offset = {alert.offset: alert.alert_id for alert in sent if alert.kind == "fraud"}
    suppressed = [one for outcome in outcomes for one in outcome.suppressed]
    covered = {one.alert.offset: one.by for one in suppressed if one.alert.kind == "fraud"}
    assert covered == {offset: by_offset[by] for offset, by in ((1, 0), (2, 0), (3, 0), (5, 4), (6, 0), (7, 0), (9, 8))}
    delivered = [json.loads(value) for _, value in messages(on_broker, ALERTS_FRAUD)]
    assert {one["alert_id"] for one in delivered} == set(by_offset.values())
    assert all(one["dedupe_key"] and "suppressed_by" not in one for one in delivered)
    again = [alert.alert_id for alert in undelivered(reader, (CARTS, 0), after=-1)]
    assert sorted(again) == sorted(alert.alert_id for alert in sent), "and none that was suppressed"


@pytest.mark.parametrize("written", [(), ("alerts",), ("alerts", "profiles"), ("alerts", "profiles", "ledger")])
@pytest.mark.parametrize("n_before", [0, 1, 3])
def test_whoever_takes_over_decides_alike(
    written: tuple[str, ...],
    n_before: int,
    owner: Callable[..., Owner],
    on_broker: Settings,
    delivery: Delivery,
    reader: Reader,
    writer: Writer,
) -> None:
    """The first owner is killed once some of what the last runs left is written; the next gets them again."""
    on_broker = replace(on_broker, max_ahead_s=1e6)
    first = owning(owner, on_broker, delivery, "w1")
    before = first.work(*ABOUT_ANN[:n_before]) if n_before else []
    lost = first.process(*ABOUT_ANN[n_before:])
    wanted = decided([*before, *lost])
    cut = first.cut()
    columns = {"alerts": cut.alerts(), "profiles": cut.profiles(), "ledger": cut.ledger("w1")}
    for table in written:
        writer.insert(table, columns[table], token=f"killed-{table}")

    second = owning(owner, on_broker, delivery, "w2")
    known = undelivered(reader, (CARTS, 0), after=second.claims.logs[CARTS, 0].position)
    again = second.work(*ABOUT_ANN[n_before:])
    assert decided(again).items() <= wanted.items(), "as before, none by itself"
    assert in_table(reader) == wanted
    if "profiles" not in written:
        assert decided(again) == decided(lost)
    elif "ledger" not in written:
        assert {alert.alert_id for alert in known} == {id for id, by in decided(lost).items() if not by}
    later = second.process(run_from(CARTS, 11, 11, ts=NOW_MS + 30 * HOUR_MS))
    (by,) = {one.by for one in later[0].suppressed if one.alert.kind == "fraud"}
    assert wanted[by] == ""


def test_what_another_order_of_the_topics_would_send_is_covered(
    owner: Callable[..., Owner], on_broker: Settings, delivery: Delivery, reader: Reader, writer: Writer
) -> None:
    first = owning(owner, on_broker, delivery, "w1")
    runs = run_from(CLICKS, 0, 1), run_from(CARTS, 0, 0)
    (clicks, _) = first.process(*runs)
    writer.insert("alerts", first.cut().alerts(), token="before a kill")  # noqa: S106 - not a secret
    second = owning(owner, on_broker, delivery, "w2")
    again = second.process(*reversed(runs))
    (churn,) = [alert for alert in clicks.alerts if alert.kind == "churn"]
    assert [(one.alert.kind, one.by) for outcome in again for one in outcome.suppressed] == [("churn", churn.alert_id)]
