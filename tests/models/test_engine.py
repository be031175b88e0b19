"""The scoring core: what its scores may know, which of them get a label, and what a replay does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from models.catalogue import KINDS, MODELS, ModelSpec, of_kind
from models.engine import Engine, ScoredBatch
from models.examples import Examples
from models.learning import Learner
from models.partition import INSTRUMENTS, PartitionProfiles
from models.risk import RiskBook
from models.scoring import NOT_SCORED, SCORED, WARMING_UP, Scorer
from models.snapshots import flattened, sign
from schemas.batch import EventBatch
from schemas.events import EVENT_TYPES
from tests.models.features.shop import ShopEvent, batch_of, shop
from tests.models.profiles.logs import START_MS
from tests.models.profiles.reference import DAY_MS, HOUR_MS

HORIZON_MS = 30 * DAY_MS
FRAUD_DELAY_MS = 5 * DAY_MS
ENGINE = Engine(churn_horizon_ms=HORIZON_MS, fraud_delay_ms=FRAUD_DELAY_MS)
LOG = shop(n_shoppers=25, mean_events=8, seed=5)
KEY = "a key of the tests"
CHAMPIONS = [of_kind(kind)[0] for kind in KINDS]
COLD = {spec.name: Scorer(spec, warm_up_examples=1) for spec in CHAMPIONS}

Scorers = dict[str, Scorer]


def trained(spec: ModelSpec, n: int = 300, *, name: str = "") -> Scorer:
    """A model that has learnt something from examples drawn at random; under another name if one is given."""
    random = np.random.default_rng(1)
    features = random.normal(size=(n, len(spec.features.names))).astype(np.float32)
    learner = Learner(spec)
    learner.learn(
        Examples(
            user_id=[f"user {number}" for number in range(n)],
            event_id=[f"event {number}" for number in range(n)],
            due_ms=np.arange(n, dtype=np.int64),
            label=features[:, 0] + features[:, 5] > 0,
            score=np.full(n, np.nan, dtype=np.float32),
            features=features,
        )
    )
    snapshot = sign(learner.snapshot(created_ms=1, considered_ms={}), KEY)
    named = replace(spec, name=name or spec.name)
    return Scorer(named, flattened(snapshot, KEY, spec.features), warm_up_examples=n)


@pytest.fixture(scope="module")
def warm() -> Scorers:
    """The champions, alone."""
    return {spec.name: trained(spec) for spec in CHAMPIONS}


class Known(NamedTuple):
    """All that came out about one event."""

    scores: dict[str, tuple[int, float]]
    """State and probability by model."""
    predicted: dict[str, tuple[int, npt.NDArray[np.float32]]]
    """Due time and features by model."""


def runs(log: Sequence[ShopEvent], longest: int = 200) -> list[list[ShopEvent]]:
    same_topic = (list(run) for _, run in groupby(log, key=lambda event: event.topic))
    return [run[at : at + longest] for run in same_topic for at in range(0, len(run), longest)]


def score(events: EventBatch, profiles: PartitionProfiles, scorers: Scorers, *, tick: int = 1) -> ScoredBatch:
    assert profiles.missing(events) == {}
    return ENGINE.score(events, profiles, scorers, tick=tick)


def known(log: Sequence[ShopEvent], scorers: Scorers, *, longest: int = 200) -> list[Known]:
    """What is known of each event of a log, run by run."""
    profiles = PartitionProfiles(epoch=1, complete=True)
    found = []
    for tick, run in enumerate(runs(log, longest)):
        scored = score(batch_of(run), profiles, scorers, tick=tick)
        assert len(scored.events) == len(run)
        found += known_of(scored)
    return found


def known_of(scored: ScoredBatch) -> list[Known]:
    predicted = {
        predictions.kind: {
            row: (int(predictions.due_ms[at]), predictions.features[at])
            for at, row in enumerate(predictions.rows.tolist())
        }
        for predictions in scored.predictions
    }
    return [
        Known(
            {
                model: (int(scores.state[row]), float(scores.probability[row]))
                for model, scores in scored.scores.items()
            },
            {kind: rows[row] for kind, rows in predicted.items() if row in rows},
        )
        for row in range(len(scored.events))
    ]


def assert_same(found: Sequence[Known], expected: Sequence[Known]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for model, (state, probability) in one.scores.items():
            # Blocks of another length are summed in another order.
            np.testing.assert_allclose([state, probability], other.scores[model], rtol=1e-5)
        assert one.predicted.keys() == other.predicted.keys()
        for kind, (due_ms, features) in one.predicted.items():
            assert due_ms == other.predicted[kind][0]
            np.testing.assert_array_equal(features, other.predicted[kind][1])


def at_offsets(log: Sequence[ShopEvent]) -> list[ShopEvent]:
    return [replace(event, offset=offset) for offset, event in enumerate(log)]


@hypothesis_settings(max_examples=15)
@given(cut=st.integers(0, len(LOG)), random=st.randoms(use_true_random=False), kept=st.floats(0, 1))
def test_a_score_knows_only_what_came_before(warm: Scorers, cut: int, random: Random, kept: float) -> None:
    """Whatever comes after, in whatever order, in the same batch or a later one."""
    before, after = LOG[:cut], random.sample(LOG[cut:], int((len(LOG) - cut) * kept))
    assert_same(known(at_offsets([*before, *after]), warm)[:cut], known(LOG, warm)[:cut])


@pytest.mark.parametrize("longest", [1, 7, 10_000])
def test_the_length_of_batches_makes_no_difference(warm: Scorers, longest: int) -> None:
    assert_same(known(LOG, warm, longest=longest), known(LOG, warm))


def test_the_same_log_gives_the_same_scores(warm: Scorers) -> None:
    for one, other in zip(known(LOG, warm), known(LOG, warm), strict=True):
        np.testing.assert_equal(one, other)


def test_churn_predictions_are_each_shoppers_first_events_of_a_day() -> None:
    found = known(LOG, COLD)
    latest: dict[str, int] = {}
    predicted = set()
    for event, about in zip(LOG, found, strict=True):
        day = event.ts // DAY_MS
        assert ("churn" in about.predicted) == (day > latest.get(event.user, -1))
        if "churn" in about.predicted:
            assert (event.user, day) not in predicted
            predicted.add((event.user, day))
            assert about.predicted["churn"][0] == event.ts + HORIZON_MS
        latest[event.user] = max(latest.get(event.user, -1), day)
    assert {user for user, _ in predicted} == {event.user for event in LOG}
    assert any(event.ts // DAY_MS < latest[event.user] for event in LOG), "no late event is among them"


@pytest.mark.parametrize(("second_ms", "expected"), [(24 * HOUR_MS - 1, [0]), (24 * HOUR_MS, [0, 1])])
def test_a_day_of_churn_predictions_is_one_of_utc(second_ms: int, expected: list[int]) -> None:
    midnight = START_MS // DAY_MS * DAY_MS
    acts = [view(0, midnight), view(1, midnight + second_ms)]
    _, churn = score(batch_of(acts), PartitionProfiles(epoch=1, complete=True), COLD).predictions
    assert churn.kind == "churn"
    assert churn.rows.tolist() == expected


def view(offset: int, ts: int) -> ShopEvent:
    return ShopEvent(topic=0, type="view", ts=ts, peer="boots", user="ann", position=offset, offset=offset)


def test_fraud_predictions_are_exactly_the_purchases(warm: Scorers) -> None:
    for event, about in zip(LOG, known(LOG, warm), strict=True):
        is_purchase = event.type == "purchase"
        assert ("fraud" in about.predicted) == is_purchase
        state, probability = about.scores["fraud"]
        assert state == (SCORED if is_purchase else NOT_SCORED)
        assert np.isnan(probability) != is_purchase
        if is_purchase:
            assert about.predicted["fraud"][0] == event.ts + FRAUD_DELAY_MS


def test_every_event_gets_a_churn_score(warm: Scorers) -> None:
    for about in known(LOG, warm):
        state, probability = about.scores["churn"]
        assert state == SCORED
        assert 0 <= probability <= 1


def test_predictions_keep_the_features_that_their_scores_come_from(warm: Scorers) -> None:
    profiles = PartitionProfiles(epoch=1, complete=True)
    for tick, run in enumerate(runs(LOG)):
        scored = score(batch_of(run), profiles, warm, tick=tick)
        for predictions in scored.predictions:
            again = warm[predictions.kind].score(predictions.features)
            expected = scored.scores[predictions.kind].probability[predictions.rows]
            np.testing.assert_allclose(again.probability, expected, rtol=1e-5)


def test_models_that_warm_up_predict_all_the_same() -> None:
    found = known(LOG, COLD)
    for event, about in zip(LOG, found, strict=True):
        assert about.scores["churn"][0] == WARMING_UP
        assert about.scores["fraud"][0] == (WARMING_UP if event.type == "purchase" else NOT_SCORED)
        assert all(np.isnan(probability) for _, probability in about.scores.values())
    assert sum("fraud" in about.predicted for about in found) == sum(event.type == "purchase" for event in LOG)


def test_the_version_is_the_scorers(warm: Scorers) -> None:
    for scorers in (COLD, warm):
        scored = score(batch_of(LOG[:1]), PartitionProfiles(epoch=1, complete=True), scorers)
        assert {model: scores.version for model, scores in scored.scores.items()} == {
            kind: scorers[kind].version for kind in ("fraud", "churn")
        }


def longest_of_carts() -> list[ShopEvent]:
    return max((run for run in runs(LOG, 10_000) if run[0].topic == 1), key=len)


def test_replayed_events_are_left_out(warm: Scorers) -> None:
    run = longest_of_carts()
    middle = len(run) // 2
    profiles = PartitionProfiles(epoch=1, complete=True)
    expected = known_of(score(batch_of(run[:middle]), profiles, warm))
    scored = score(batch_of(run), profiles, warm)
    assert scored.events.offset.tolist() == [event.offset for event in run[middle:]]
    assert scored.events.event_id.tolist() == [event.event_id for event in run[middle:]]
    assert_same(expected + known_of(scored), known(run, warm))
    rows = [len(scores.state) for scores in scored.scores.values()]
    assert rows == [len(scored.events)] * 2


def test_replayed_events_between_new_ones_are_left_out(warm: Scorers) -> None:
    """Each shopper's profile knows by itself what it contains."""
    run = longest_of_carts()
    users = sorted({event.user for event in run})
    before = [event for event in run if event.user in users[::2]]
    profiles = PartitionProfiles(epoch=1, complete=True)
    score(batch_of(before), profiles, warm)
    scored = score(batch_of(run), profiles, warm)
    new = [event for event in run if event.user not in users[::2]]
    assert scored.events.event_id.tolist() == [event.event_id for event in new]
    fraud, churn = scored.predictions
    assert (scored.events.type[fraud.rows] == EVENT_TYPES["purchase"]).all()
    assert len(fraud.rows) == sum(event.type == "purchase" for event in new)
    assert {scored.events.user_id[row] for row in churn.rows} == set(users[1::2])
    assert np.isfinite(fraud.features).all()


def test_of_a_batch_that_is_all_replay_nothing_is_left(warm: Scorers) -> None:
    profiles = PartitionProfiles(epoch=1, complete=True)
    events = batch_of(runs(LOG)[0])
    score(events, profiles, warm)
    assert_empty(score(events, profiles, warm, tick=2))


@pytest.mark.parametrize("topic", [0, 1, 2])
@pytest.mark.parametrize("is_warm", [False, True])
def test_an_empty_batch_gives_an_empty_one(warm: Scorers, topic: int, is_warm: bool) -> None:
    one = batch_of([next(event for event in LOG if event.topic == topic)])
    empty = one.where(np.zeros(1, dtype=np.bool_))
    assert_empty(score(empty, PartitionProfiles(epoch=1, complete=True), warm if is_warm else COLD))


def assert_empty(scored: ScoredBatch) -> None:
    assert len(scored.events) == 0
    assert {model: (len(one.state), len(one.probability)) for model, one in scored.scores.items()} == {
        "fraud": (0, 0),
        "churn": (0, 0),
    }
    assert [(one.kind, len(one.rows), len(one.due_ms)) for one in scored.predictions] == [
        ("fraud", 0, 0),
        ("churn", 0, 0),
    ]
    for predictions in scored.predictions:
        assert predictions.features.shape == (0, len(MODELS[predictions.kind].features.names))
        assert predictions.features.dtype == np.float32


@pytest.mark.parametrize("is_warm", [False, True])
def test_a_batch_without_purchases_has_no_fraud_scores(warm: Scorers, is_warm: bool) -> None:
    run = next(run for run in runs(LOG) if run[0].topic == 0)
    scored = score(batch_of(run), PartitionProfiles(epoch=1, complete=True), warm if is_warm else COLD)
    fraud = scored.scores["fraud"]
    assert (fraud.state == NOT_SCORED).all()
    assert np.isnan(fraud.probability).all()
    assert scored.predictions[0].features.shape == (0, len(MODELS["fraud"].features.names))
    assert len(scored.predictions[1].rows) > 0


def test_challengers_score_what_gets_a_label_on_the_same_features(warm: Scorers) -> None:
    others = {name: trained(MODELS[kind], 400, name=name) for kind in ("fraud", "churn") if (name := f"{kind}-other")}
    profiles, alone = PartitionProfiles(epoch=1, complete=True), PartitionProfiles(epoch=1, complete=True)
    for tick, run in enumerate(runs(LOG)):
        scored = score(batch_of(run), profiles, {**warm, **others}, tick=tick)
        expected = score(batch_of(run), alone, warm, tick=tick)
        for one, other in zip(scored.predictions, expected.predictions, strict=True):
            name = f"{one.kind}-other"
            assert list(one.scores) == [one.kind, name]
            np.testing.assert_array_equal(one.features, other.features)
            np.testing.assert_equal(one.scores[one.kind], other.scores[one.kind])
            np.testing.assert_equal(one.scores[name], others[name].score(one.features))
            np.testing.assert_equal(scored.scores[one.kind], expected.scores[one.kind])


def test_further_horizons_are_predicted_of_what_churn_is(warm: Scorers) -> None:
    other = trained(MODELS["churn-long"], 400, name="churn-long-other")
    engine = Engine(churn_horizon_ms=HORIZON_MS, further_horizons_ms={"churn_long": 3 * HORIZON_MS})
    profiles = PartitionProfiles(epoch=1, complete=True)
    n_predicted = 0
    for tick, run in enumerate(runs(LOG)):
        events = batch_of(run)
        profiles.missing(events)
        scored = engine.score(events, profiles, {**warm, other.spec.name: other}, tick=tick)
        _, churn, longer = scored.predictions
        assert longer.kind == "churn_long"
        assert list(longer.scores) == ["churn-long", "churn-long-other"]
        np.testing.assert_array_equal(longer.rows, churn.rows)
        np.testing.assert_array_equal(longer.features, churn.features)
        np.testing.assert_array_equal(longer.due_ms - scored.events.ts[longer.rows], 3 * HORIZON_MS)
        np.testing.assert_equal(longer.scores["churn-long"], warm["churn-long"].score(churn.features))
        assert scored.scores.keys() == {"fraud", "churn"}
        n_predicted += len(longer.rows)
    assert n_predicted > 0
    without = {kind: warm[kind] for kind in ("fraud", "churn")}
    assert len(engine.score(events, profiles, without, tick=99).predictions) == 2, "there is no model"


def test_the_first_of_a_kind_is_its_champion(warm: Scorers) -> None:
    other = trained(MODELS["churn"], 400, name="churn-other")
    for first, second in ((other, warm["churn"]), (warm["churn"], other)):
        scorers = {scorer.spec.name: scorer for scorer in (first, second, warm["fraud"])}
        scored = score(batch_of(LOG[:1]), PartitionProfiles(epoch=1, complete=True), scorers)
        assert scored.scores["churn"].version == first.version


@pytest.mark.bench
def test_a_challenger_costs_a_flat_score_more(warm: Scorers) -> None:
    """Of what has a label, not the features again."""
    others = {f"fraud-{n}": trained(MODELS["fraud"], name=f"fraud-{n}") for n in range(4)}
    purchases = [event for event in LOG if event.topic == 1] * 20

    def cost_us(scorers: Scorers) -> float:
        profiles = PartitionProfiles(epoch=1, complete=True)
        batch = batch_of(at_offsets(purchases))
        profiles.missing(batch)
        started = time.process_time()
        ENGINE.score(batch, profiles, scorers, tick=1)
        return (time.process_time() - started) * 1e6 / len(batch)

    one = min(cost_us(warm) for _ in range(5))
    five = min(cost_us({**warm, **others}) for _ in range(5))
    print(f"{one:.2f} µs of CPU an event, {(five - one) / 4:.3f} µs more a challenger")
    assert five < one * 1.5


LABELS_AFTER = sum(run[0].topic == 0 for run in runs(LOG, 20)) + 3
"""Runs: when some purchases were made and some weren't."""


def of_purchases(
    log: Sequence[ShopEvent], book: RiskBook, *, told: Sequence[ShopEvent] = ()
) -> npt.NDArray[np.float32]:
    """The fraud features of a log's purchases; after some runs labels arrive by which all ``told`` were frauds."""
    engine = Engine(churn_horizon_ms=HORIZON_MS, fraud_delay_ms=FRAUD_DELAY_MS, risks=book)
    profiles = PartitionProfiles(epoch=1, complete=True)
    told_ms = np.array([event.ts for event in told], dtype=np.int64)
    found = []
    for tick, run in enumerate(runs(log, 20)):
        if tick == LABELS_AFTER:
            for kind in INSTRUMENTS:
                book.add(kind, [getattr(event, kind) for event in told], told_ms, np.ones(len(told), dtype=np.bool_))
        events = batch_of(run)
        profiles.missing(events)
        found.append(engine.score(events, profiles, COLD, tick=tick).predictions[0].features)
    return np.concatenate(found)


def test_frauds_are_known_from_when_their_labels_arrive() -> None:
    purchases = [event for event in LOG if event.type == "purchase"]
    found, without = of_purchases(LOG, RiskBook(), told=purchases), of_purchases(LOG, RiskBook())
    names = MODELS["fraud"].features.names
    of_frauds = [at for at, name in enumerate(names) if "frauds" in name or "risk" in name]
    others = [at for at in range(len(names)) if at not in of_frauds]
    assert not without[:, of_frauds].any()
    np.testing.assert_array_equal(found[:, others], without[:, others])
    early = runs(LOG, 20)[:LABELS_AFTER]
    before = sum(event.type == "purchase" for run in early for event in run)
    assert 0 < before < len(purchases)
    assert not found[:before, of_frauds].any()
    for kind in INSTRUMENTS:
        at = next(at for at in of_frauds if names[at] == f"{kind}_risk_30d")
        named = [bool(getattr(event, kind)) for event in purchases[before:]]
        assert (found[before:, at] > 0).tolist() == named


def test_the_risk_of_a_purchase_is_that_of_the_time_of_it() -> None:
    ann = ShopEvent(
        topic=1, type="purchase", ts=START_MS, amount=1.0, user="ann", merchant="shop", position=1, offset=1
    )
    book = RiskBook()
    fraud_ms = np.array([START_MS - 7 * DAY_MS])
    book.add("merchant", ["shop"], fraud_ms, np.array([True]))
    found = dict(zip(MODELS["fraud"].features.names, of_purchases([ann], book)[0].tolist(), strict=True))
    assert found["merchant_log_frauds_7d"] == pytest.approx(np.log1p(np.exp(-1)))
    assert found["merchant_risk_7d"] == pytest.approx(np.exp(-1) / (np.exp(-1) + 1))
    assert found["card_risk_30d"] == 0
