"""Merging profiles obeys the laws of a CRDT, and parts merge to the whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.profiles.merge import decayed_to, merge
from models.profiles.state import LAST_MS, Profiles
from schemas.layout import MEASURES, SCALES_MS
from tests.models.profiles import logs
from tests.models.profiles.agreement import assert_close, assert_identical, assert_profile, magnitude_of
from tests.models.profiles.logs import DECIDED_LOGS, LOGS, N_PROFILES, Entry, apply, events_of, profiles_of
from tests.models.profiles.reference import DAY_MS, Event, state_of


@given(left=LOGS, right=LOGS)
def test_merging_is_commutative(left: list[Entry], right: list[Entry]) -> None:
    one, other = profiles_of(left), profiles_of(right)
    assert_identical(merge(one, other), merge(other, one))


@given(a=DECIDED_LOGS, b=DECIDED_LOGS, c=DECIDED_LOGS)
def test_merging_is_associative(a: list[Entry], b: list[Entry], c: list[Entry]) -> None:
    one, two, three = profiles_of(a), profiles_of(b), profiles_of(c)
    magnitude = magnitude_of([state_of(events_of([*a, *b, *c], slot)) for slot in range(N_PROFILES)])
    assert_close(merge(merge(one, two), three), merge(one, merge(two, three)), magnitude)


@given(log=LOGS)
def test_the_empty_profile_is_neutral(log: list[Entry]) -> None:
    profiles = profiles_of(log)
    assert_identical(merge(profiles, Profiles.empty(N_PROFILES)), profiles)
    assert_identical(merge(Profiles.empty(N_PROFILES), profiles), profiles)


@given(log=DECIDED_LOGS, data=st.data())
def test_parts_merge_to_the_whole(log: list[Entry], data: st.DataObject) -> None:
    owners = data.draw(st.lists(st.integers(0, 3), min_size=len(log), max_size=len(log)))
    assert_merged(log, owners, 4)


def test_hundreds_of_parts_merge_to_the_whole() -> None:
    log = logs.told(logs.random_log(1_200, seed=6))
    assert_merged(log, np.random.default_rng(6).integers(0, 200, len(log)).tolist(), 200)


def assert_merged(log: list[Entry], owners: list[int], n_parts: int) -> None:
    merged = Profiles.empty(N_PROFILES)
    for part in range(n_parts):
        merged = merge(merged, profiles_of([entry for entry, owner in zip(log, owners, strict=True) if owner == part]))
    for slot in range(N_PROFILES):
        assert_profile(merged, slot, state_of(events_of(log, slot)))
    np.testing.assert_array_equal(merged.offsets, profiles_of(log).offsets)


@given(log=LOGS, further=LOGS)
def test_a_merged_profile_goes_on_taking_events_in(log: list[Entry], further: list[Entry]) -> None:
    merged = merge(profiles_of(log), Profiles.empty(N_PROFILES))
    whole = logs.log_of((entry.slot, entry.event) for entry in [*log, *further])
    apply(merged, whole[len(log) :])
    assert_identical(merged, profiles_of(whole))


@given(left=LOGS, right=LOGS)
def test_merging_leaves_its_arguments_alone(left: list[Entry], right: list[Entry]) -> None:
    one, other = profiles_of(left), profiles_of(right)
    merge(one, other)
    assert_identical(one, profiles_of(left))
    assert_identical(other, profiles_of(right))


def test_sums_are_decayed_to_any_later_time() -> None:
    event = Event(topic=0, type="view", ts=logs.START_MS)
    profiles = Profiles.empty(2)
    apply(profiles, logs.log_of([(0, event)]))
    decayed = decayed_to(profiles, profiles.extremes_ms[:, LAST_MS] + 2 * DAY_MS)
    expected = [np.exp(-2 * DAY_MS / scale_ms) for scale_ms in SCALES_MS.values()]
    np.testing.assert_allclose(decayed[0, MEASURES.index("views")], expected, rtol=1e-12)
    assert not decayed[1].any()
