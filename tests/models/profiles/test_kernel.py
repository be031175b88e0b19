"""The kernel's profiles and views against the reference, and the laws that make replays and late events harmless."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.profiles.kernel import absorb, observe
from models.profiles.state import Profiles
from schemas.layout import MEASURES
from tests.models.profiles import logs
from tests.models.profiles.agreement import assert_identical, assert_profile, assert_view
from tests.models.profiles.logs import (
    ACTS,
    CUTS,
    DECIDED_ACTS,
    LOGS,
    N_PROFILES,
    Entry,
    apply,
    events_of,
    profiles_of,
)
from tests.models.profiles.reference import DAY_MS, Event, state_of


def assert_profiles(profiles: Profiles, log: list[Entry]) -> None:
    for slot in range(N_PROFILES):
        assert_profile(profiles, slot, state_of(events_of(log, slot)))


def assert_views(log: list[Entry]) -> None:
    view = apply(Profiles.empty(N_PROFILES), log)
    for position, (slot, _, event) in enumerate(log):
        before = state_of(events_of(log[:position], slot), event.ts)
        assert_view(view, position, before, device=event.device, country=event.country, ts=event.ts)


@given(log=LOGS)
def test_a_profile_is_the_sum_of_its_events(log: list[Entry]) -> None:
    assert_profiles(profiles_of(log), log)


@given(log=LOGS)
def test_an_event_sees_its_profile_as_it_was_just_before(log: list[Entry]) -> None:
    assert_views(log)


def test_hundreds_of_events_of_one_shopper_in_one_batch_each_see_the_ones_before() -> None:
    shopper = [entry._replace(slot=0) for entry in logs.random_log(700, seed=1) if entry.event.topic == 0]
    assert len(shopper) > 300
    assert len(logs.batches(shopper)) == 1
    assert_views(shopper)
    assert_profiles(profiles_of(shopper), shopper)


def test_late_events_of_all_topics_see_the_ones_before() -> None:
    assert_views(logs.random_log(500, seed=5))


def test_years_of_events_lose_no_precision() -> None:
    log = [
        entry._replace(event=replace(entry.event, ts=entry.event.ts + number * DAY_MS))
        for number, entry in enumerate(logs.random_log(2_000, seed=2))
    ]
    assert_profiles(profiles_of(log), log)


@given(log=LOGS, cuts=CUTS)
def test_batch_limits_change_nothing(log: list[Entry], cuts: set[int]) -> None:
    whole, parts = Profiles.empty(N_PROFILES), Profiles.empty(N_PROFILES)
    assert_identical(apply(whole, log), apply(parts, log, cuts))
    assert_identical(whole, parts)


@given(acts=DECIDED_ACTS, data=st.data())
def test_late_events_and_interleaved_topics_end_in_the_same_profile(
    acts: list[tuple[int, Event]], data: st.DataObject
) -> None:
    other_order = logs.log_of(data.draw(st.permutations(acts)))
    assert_profiles(profiles_of(other_order), logs.log_of(acts))


@given(acts=ACTS, data=st.data())
def test_which_purchases_are_abnormal_follows_from_the_order_of_purchases_alone(
    acts: list[tuple[int, Event]], data: st.DataObject
) -> None:
    purchases = iter([act for act in acts if act[1].type == "purchase"])
    shuffled = data.draw(st.permutations(acts))
    other_order = [next(purchases) if act[1].type == "purchase" else act for act in shuffled]
    assert_profiles(profiles_of(logs.log_of(other_order)), logs.log_of(acts))


@pytest.mark.parametrize(
    ("before", "amount", "is_abnormal"),
    [
        ([10.0] * 5, 25.01, True),
        ([10.0] * 5, 25.0, False),
        ([10.0] * 4, 1_000.0, False),
        ([0.0] * 5, 0.01, True),
        ([0.0] * 5, 0.0, False),
        ([1.0, 1.0, 1.0, 1.0, 46.0], 25.0, False),
    ],
)
def test_a_purchase_is_abnormal_that_is_far_beyond_the_mean_of_five(
    before: list[float], amount: float, is_abnormal: bool
) -> None:
    amounts = [*before, amount]
    acts = [(0, Event(topic=1, type="purchase", ts=logs.START_MS, amount=paid)) for paid in amounts]
    view = apply(Profiles.empty(1), logs.log_of([*acts, acts[-1]]))
    assert view.abnormal[: len(amounts)].tolist() == [0] * len(before) + [is_abnormal]
    assert view.decayed[len(amounts), MEASURES.index("abnormal"), 0] == is_abnormal


@given(log=LOGS, data=st.data(), cuts=CUTS)
def test_a_replay_from_anywhere_applies_only_what_is_new(log: list[Entry], data: st.DataObject, cuts: set[int]) -> None:
    stored = data.draw(st.integers(0, len(log)), label="stored")
    resumed = data.draw(st.integers(0, stored), label="resumed")
    profiles = Profiles.empty(N_PROFILES)
    apply(profiles, log[:stored])
    view = apply(profiles, log[resumed:], cuts)
    assert view.applied.tolist() == [position >= stored for position in range(resumed, len(log))]
    assert not any(array[~view.applied].any() for array in view)
    assert_identical(profiles, profiles_of(log))


@given(log=LOGS, data=st.data())
def test_each_topic_replays_on_its_own(log: list[Entry], data: st.DataObject) -> None:
    """Partial commits: of each topic any suffix comes again, in any interleaving that keeps the topics' orders."""
    profiles = profiles_of(log)
    expected = profiles_of(log)
    order = data.draw(st.permutations([0, 1, 2]))
    again = [entry for topic in order for entry in log if entry.event.topic == topic]
    view = apply(profiles, again[data.draw(st.integers(0, len(again))) :])
    assert not view.applied.any()
    assert_identical(profiles, expected)


@given(log=LOGS, cuts=CUTS)
def test_absorbing_is_observing_without_a_view(log: list[Entry], cuts: set[int]) -> None:
    profiles = Profiles.empty(N_PROFILES)
    for batch in [*logs.batches(log, cuts), *logs.batches(log)]:
        slots = np.array([entry.slot for entry in batch], dtype=np.int64)
        contained = profiles.offsets[slots, batch[0].event.topic] >= [entry.offset for entry in batch]
        assert absorb(profiles, slots, logs.observations(batch)).tolist() == (~contained).tolist()
    assert_identical(profiles, profiles_of(log))


@given(log=LOGS)
def test_an_event_without_a_profile_changes_nothing(log: list[Entry]) -> None:
    profiles = Profiles.empty(N_PROFILES)
    view = apply(profiles, [entry._replace(slot=-1) if entry.slot == 0 else entry for entry in log])
    assert view.applied.tolist() == [entry.slot != 0 for entry in log]
    assert_profiles(profiles, [entry for entry in log if entry.slot != 0])


@given(log=LOGS, future=LOGS, data=st.data())
def test_what_comes_after_changes_no_view(log: list[Entry], future: list[Entry], data: st.DataObject) -> None:
    now = data.draw(st.integers(0, len(log)))
    other_log = logs.log_of((entry.slot, entry.event) for entry in [*log[:now], *future])
    view = apply(Profiles.empty(N_PROFILES), log)
    other_view = apply(Profiles.empty(N_PROFILES), other_log)
    past = np.arange(now)
    assert_identical(view.take(past), other_view.take(past))


@given(log=LOGS)
def test_what_others_do_changes_no_view(log: list[Entry]) -> None:
    own = [position for position, entry in enumerate(log) if entry.slot == 0]
    view = apply(Profiles.empty(N_PROFILES), log)
    own_view = apply(Profiles.empty(N_PROFILES), [log[position] for position in own])
    assert_identical(view.take(np.array(own, dtype=np.int64)), own_view)


@pytest.mark.parametrize(("gap_ms", "n_seen"), [(DAY_MS - 1, 1), (DAY_MS, 0)])
def test_a_day_ends_after_24_hours(gap_ms: int, n_seen: int) -> None:
    seen = Event(topic=0, type="view", ts=logs.START_MS, device="device", country="country")
    log = logs.log_of([(0, seen), (0, replace(seen, ts=seen.ts + gap_ms))])
    view = apply(Profiles.empty(1), log)
    assert view.devices_day.tolist() == view.countries_day.tolist() == [0, n_seen]


def test_offsets_are_the_last_ones_contained() -> None:
    log = logs.random_log(200, seed=3)
    profiles = profiles_of(log)
    for slot in range(N_PROFILES):
        for topic in range(3):
            offsets = [entry.offset for entry in log if entry.slot == slot and entry.event.topic == topic]
            assert profiles.offsets[slot, topic] == max(offsets, default=-1)


def test_a_batch_without_events_is_fine() -> None:
    empty = logs.observations(logs.random_log(1, seed=4))
    none = empty._replace(**{name: array[:0] for name, array in empty._asdict().items() if name != "topic"})
    assert not len(observe(Profiles.empty(1), np.empty(0, dtype=np.int64), none).applied)


def test_decayed_sums_end_at_zero_rather_than_in_denormal_numbers() -> None:
    types = ["view", *["click"] * 120]
    acts = [(0, Event(topic=0, type=name, ts=logs.START_MS + day * DAY_MS)) for day, name in enumerate(types)]
    views = apply(Profiles.empty(1), logs.log_of(acts)).decayed[:, MEASURES.index("views")]  # (events, scales)
    assert ((views == 0) | (views > 1e-30)).all()
    assert (views[-1] > 0).tolist() == [False, False, True, True]
