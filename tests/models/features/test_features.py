"""Features against their plain definitions, for any history, and what must not change them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features.churn import CHURN_FEATURES, CHURN_KNOTS, churn_features
from models.features.fraud import FRAUD_FEATURES, FRAUD_KNOTS, FRAUD_PINNED, fraud_features
from models.features.knots import Knots
from models.partition import INSTRUMENTS
from models.profiles.kernel import View
from models.profiles.state import Profiles
from models.risk import RiskBook, Risks
from tests.models.features import plain
from tests.models.features.shop import ShopEvent, batch_of
from tests.models.profiles import logs
from tests.models.profiles.logs import ACTS, Entry, apply, events_of
from tests.models.profiles.reference import DAY_MS, Event, state_of

Features = npt.NDArray[np.float32]


def features_of(log: list[Entry]) -> tuple[Features, Features]:
    """Churn and fraud features of every event, as if it were a purchase whose card has the shopper's profile."""
    view = apply(Profiles.empty(logs.N_PROFILES), log)
    churn = [np.empty((0, len(CHURN_FEATURES.names)), dtype=np.float32)]
    fraud = [np.empty((0, len(FRAUD_FEATURES.names)), dtype=np.float32)]
    position = 0
    for batch in logs.batches(log):
        rows = np.arange(position, position + len(batch))
        position += len(batch)
        seen, events = view.take(rows), batch_of([_in_shop(entry) for entry in batch])
        instruments = {kind: seen if kind == "card" else View.empty(len(batch)) for kind in INSTRUMENTS}
        churn.append(churn_features(seen, events))
        fraud.append(fraud_features(seen, instruments, _no_risks(len(batch)), events))
    return np.concatenate(churn), np.concatenate(fraud)


def _no_risks(n: int) -> dict[str, Risks]:
    return {kind: RiskBook().look_up(kind, [""] * n, np.zeros(n, dtype=np.int64)) for kind in INSTRUMENTS}


def _in_shop(entry: Entry) -> ShopEvent:
    return ShopEvent(**vars(entry.event), position=entry.offset, offset=entry.offset, user=f"shopper {entry.slot}")


def assert_features(log: list[Entry]) -> None:
    churn, fraud = features_of(log)
    for position, (slot, _, event) in enumerate(log):
        state, shop_event = state_of(events_of(log[:position], slot), event.ts), _in_shop(log[position])
        instruments = {kind: state if kind == "card" else None for kind in INSTRUMENTS}
        for row, names, expected in (
            (churn[position], CHURN_FEATURES.names, plain.churn(state, shop_event)),
            (fraud[position], FRAUD_FEATURES.names, plain.fraud(state, instruments, {}, shop_event)),
        ):
            np.testing.assert_allclose(row, [expected[name] for name in names], rtol=1e-5, atol=1e-5)


def test_features_of_a_long_log_are_those_of_their_definitions() -> None:
    assert_features(logs.random_log(400, seed=9))


@given(acts=ACTS)
def test_features_are_finite_whatever_comes(acts: list[tuple[int, Event]]) -> None:
    churn, fraud = features_of(logs.log_of(acts))
    assert np.isfinite(churn).all()
    assert np.isfinite(fraud).all()


def test_features_are_finite_after_an_order_of_almost_nothing() -> None:
    acts = [(0, Event(topic=1, type="purchase", ts=logs.START_MS, amount=amount)) for amount in (5e-324, 1e9, 0.0)]
    _, fraud = features_of(logs.log_of(acts))
    assert np.isfinite(fraud).all()
    assert fraud[:, FRAUD_FEATURES.names.index("amount_to_mean")].tolist() == [0, 3, -2.5]
    assert fraud[:, FRAUD_FEATURES.names.index("amount_to_max")].tolist() == [0, 2, -2.5]


@given(past=ACTS, future=ACTS, other_future=ACTS)
def test_what_comes_after_changes_no_feature(
    past: list[tuple[int, Event]], future: list[tuple[int, Event]], other_future: list[tuple[int, Event]]
) -> None:
    features = features_of(logs.log_of([*past, *future]))
    other_features = features_of(logs.log_of([*past, *other_future]))
    for one, other in zip(features, other_features, strict=True):
        np.testing.assert_array_equal(one[: len(past)], other[: len(past)])


@given(acts=ACTS, data=st.data())
def test_a_shoppers_features_do_not_depend_on_others(acts: list[tuple[int, Event]], data: st.DataObject) -> None:
    own = [position for position, (slot, _) in enumerate(acts) if slot == 0]
    features = features_of(logs.log_of(acts))
    own_features = features_of(logs.log_of([acts[position] for position in own]))
    for one, other in zip(features, own_features, strict=True):
        np.testing.assert_array_equal(one[own], other)


def test_a_shopper_without_history_has_none() -> None:
    churn, fraud = features_of(logs.log_of([(0, Event(topic=1, type="purchase", ts=logs.START_MS, amount=30.0))]))
    named_churn = dict(zip(CHURN_FEATURES.names, churn[0].tolist(), strict=True))
    known = {"is_one_day": 1.0, "recency_to_gap": -3.0, "pause_share": 1.0, "active_share": np.log(0.5 / 15)}
    assert {name: value for name, value in named_churn.items() if value} == pytest.approx(known)
    named_fraud = dict(zip(FRAUD_FEATURES.names, fraud[0].tolist(), strict=True))
    assert {name for name, value in named_fraud.items() if value} == {"log_amount", "card_is_new"}


def test_in_silence_features_are_known_in_advance() -> None:
    """Those of a shopper at a later time follow from the profile and the time alone, whatever the event is."""
    log = logs.log_of([(0, Event(topic=1, type="purchase", ts=logs.START_MS + day * DAY_MS)) for day in (0, 10, 30)])
    later = [
        (0, Event(topic=topic, type=name, ts=logs.START_MS + 90 * DAY_MS))
        for topic, name in ((0, "view"), (2, "review"))
    ]
    found = [features_of(logs.log_of([*((entry.slot, entry.event) for entry in log), act]))[0][-1] for act in later]
    np.testing.assert_array_equal(*found)
    named = dict(zip(CHURN_FEATURES.names, found[0].tolist(), strict=True))
    assert named["log_gap_d"] == pytest.approx(np.log1p(15))
    assert named["recency_to_gap"] == pytest.approx(np.log(61 / 16))
    assert named["pause_share"] == pytest.approx(np.exp(-60 / 15))


def test_pinned_features_are_0_where_an_event_does_not_have_what_they_are_about() -> None:
    view, batch = View.empty(1), batch_of([_in_shop(Entry(0, 0, Event(topic=1, type="purchase", ts=logs.START_MS)))])
    fraud = fraud_features(view, dict.fromkeys(INSTRUMENTS, view), _no_risks(1), batch)
    assert all(fraud[0, FRAUD_FEATURES.names.index(name)] == FRAUD_KNOTS[name][0] == 0 for name in FRAUD_PINNED)


@pytest.mark.parametrize("knots", [CHURN_KNOTS, FRAUD_KNOTS])
def test_knots_ascend(knots: Knots) -> None:
    assert all(len(places) > 1 and list(places) == sorted(set(places)) for places in knots.values())


@pytest.mark.parametrize("prices", [(0.1, 0.2), (0.7, 0.1), (19.99, 5.01)])
def test_rounding_does_not_fill_an_emptied_cart(prices: tuple[float, float]) -> None:
    """Bought in another order than put in, at one time: what remains in the sum is the rounding of either sign."""
    ts = logs.START_MS
    adds = [(0, Event(topic=1, type="cart_add", ts=ts, price=price)) for price in (*prices, 0.3)]
    removes = [(0, Event(topic=1, type="cart_remove", ts=ts, price=price)) for price in (0.3, *prices)]
    purchase = (0, Event(topic=1, type="purchase", ts=ts, amount=40.0))
    _, fraud = features_of(logs.log_of([*adds, *removes, purchase]))
    assert fraud[-1, FRAUD_FEATURES.names.index("amount_to_cart")] == 0
