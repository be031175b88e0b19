"""A sweep sees what an event at its time would see, and leaves no trace."""

import numpy as np
import pytest

from models.catalogue import CHURN
from models.partition import PartitionProfiles
from models.profiles.kernel import Observations, look, observe
from models.profiles.state import Profiles
from models.scoring import Scorer, Scores
from models.sweep import ACTIVE_DAYS, DAY_MS, EVERY_DAYS, features_at, is_active, silence, sweep_day
from schemas.decode import Decoder
from schemas.events import EVENT_TYPES
from schemas.records import Record
from streams.bench.models import decoded
from streams.bench.shop import Shop

START = 1_600_000_000_000


def profiles_of(days: list[int], *, last: bool = False) -> tuple[Profiles, np.ndarray]:  # type: ignore[type-arg]
    """Of a shopper with a purchase on each of some days; and what the last of them saw, by the churn features."""
    held = PartitionProfiles(epoch=1, complete=True)
    values = [
        b'{"type":"purchase","event_id":"e%d","user_id":"u","ts":%d,"order_id":"o","amount":%d}' % (day, at, 10 + day)
        for day, at in ((day, START + day * DAY_MS) for day in days)
    ]
    records = [Record(offset, START + days[offset] * DAY_MS, b"u", value) for offset, value in enumerate(values)]
    events, letters = Decoder("carts").decode(0, records)
    assert not letters
    held.missing(events)
    views = held.observe(events, tick=1)
    table = held.tables["user"]
    return table.profiles.take(table.locate(["u"])), views.shopper.decayed[-1]


def test_a_sweep_sees_what_an_event_at_its_time_sees() -> None:
    before, _ = profiles_of([0, 3, 8])
    _, seen = profiles_of([0, 3, 8, 21])
    np.testing.assert_array_equal(look(before, START + 21 * DAY_MS).decayed[0], seen)


@pytest.mark.parametrize("passed_ms", [-DAY_MS, 0, 1, DAY_MS, 400 * DAY_MS])
def test_a_look_is_the_view_of_an_event_that_names_nothing(passed_ms: int) -> None:
    held = PartitionProfiles(epoch=1, complete=True)
    for events in decoded(Shop(users=100), 3_000):
        held.missing(events)
        held.observe(events, tick=1)
        latest_ms = int(events.ts.max())
    shoppers = dict(held.take_dirty())["user"]
    now_ms, n = latest_ms + passed_ms, len(shoppers)
    no_event = clicks_on_nothing(n, now_ms)
    expected = observe(shoppers.profiles.take(np.arange(n)), np.arange(n), no_event)
    for name, found in look(shoppers.profiles, now_ms)._asdict().items():
        np.testing.assert_array_equal(found, getattr(expected, name), err_msg=name)


def clicks_on_nothing(n: int, now_ms: int) -> Observations:
    number, nobody = np.zeros(n), np.zeros(n, dtype=np.uint64)
    return Observations(
        topic=0,
        offset=np.full(n, 1 << 62),
        type=np.full(n, EVENT_TYPES["click"], dtype=np.uint8),
        ts=np.full(n, now_ms),
        price=number,
        quantity=number,
        amount=number,
        rating=number,
        sentiment=number,
        peer=nobody,
        session=nobody,
        device=nobody,
        country=nobody,
        abnormal=np.zeros(n, dtype=np.int8),
    )


def test_a_sweep_leaves_profiles_as_they_are() -> None:
    profiles, _ = profiles_of([0, 3, 8])
    copy = profiles.take(np.array([0]))
    features_at(profiles, START + 100 * DAY_MS)
    for array, was in zip(profiles, copy, strict=True):
        np.testing.assert_array_equal(array, was)  # type: ignore[arg-type]


def test_only_those_with_an_event_of_late_are_active() -> None:
    profiles = Profiles.empty(3)
    profiles.extremes_ms[1:, 1] = START, START - 1
    assert is_active(profiles, START + ACTIVE_DAYS * DAY_MS).tolist() == [False, True, False]


def test_every_shopper_has_one_day_of_each_week_or_so() -> None:
    days = sweep_day([f"u{number}" for number in range(700)])
    assert days.tolist() == sweep_day([f"u{number}" for number in range(700)]).tolist()
    assert np.bincount(days, minlength=EVERY_DAYS).min() > 50


class Halved(Scorer):
    """Says half the logarithm of the days since the last event, for what is silence's next horizon."""

    def score(self, features: np.ndarray) -> Scores:  # type: ignore[type-arg]
        self.asked = [*getattr(self, "asked", []), features.copy()]
        n = len(features)
        return Scores(np.full(n, 2, np.uint8), np.full(n, 0.5, np.float32), "")


def test_a_longer_silence_is_several_horizons_in_a_row() -> None:
    profiles, _ = profiles_of([0, 3, 8])
    scorer = Halved(CHURN, warm_up_examples=1)
    now_ms = START + 10 * DAY_MS
    assert silence(scorer, profiles, now_ms, horizon_ms=30 * DAY_MS, times=3).tolist() == [0.125]
    for month, asked in enumerate(scorer.asked):
        np.testing.assert_array_equal(asked, features_at(profiles, now_ms + month * 30 * DAY_MS))


def test_silence_is_unknown_while_the_model_warms_up() -> None:
    profiles, _ = profiles_of([0])
    assert np.isnan(silence(Scorer(CHURN, warm_up_examples=1), profiles, START, horizon_ms=DAY_MS)).tolist() == [True]


@pytest.mark.parametrize("n", [0, 5])
def test_any_number_of_profiles_can_be_swept(n: int) -> None:
    assert features_at(Profiles.empty(n), START).shape == (n, len(CHURN.features.names))
