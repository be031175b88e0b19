"""Logs of events for the laws: who acted, in which order, and the batches in which the kernel takes them in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from models.profiles.kernel import UNDECIDED, Observations, View, observe
from models.profiles.state import Profiles
from schemas.events import EVENT_TYPES
from tests.models.profiles.reference import DAY_MS, HOUR_MS, TYPES_OF_TOPIC, Event, hash_of

START_MS = 19_676 * DAY_MS  # a midnight in 2023
N_PROFILES = 3


class Entry(NamedTuple):
    """A record of the log: the profile it belongs to, its offset within its topic, the event."""

    slot: int
    offset: int
    event: Event


def log_of(events: Iterable[tuple[int, Event]]) -> list[Entry]:
    """Gives offsets, ascending by topic and with holes."""
    next_offset = [0] * len(TYPES_OF_TOPIC)
    log = []
    for slot, event in events:
        log.append(Entry(slot, next_offset[event.topic], event))
        next_offset[event.topic] += 1 + event.ts % 3
    return log


def events_of(log: Iterable[Entry], slot: int) -> list[Event]:
    return [entry.event for entry in log if entry.slot == slot]


def told(log: Iterable[Entry]) -> list[Entry]:
    """The log of profiles that are told which purchases are abnormal; here, none."""
    return [entry._replace(event=replace(entry.event, abnormal=False)) for entry in log]


def batches(log: Sequence[Entry], cuts: Iterable[int] = ()) -> list[list[Entry]]:
    """The longest runs of one topic, cut once more before the positions ``cuts``."""
    starts = set(cuts)
    number = 0

    def batch_of(numbered: tuple[int, Entry]) -> tuple[int, int]:
        nonlocal number
        number += numbered[0] in starts
        return number, numbered[1].event.topic

    return [[entry for _, entry in run] for _, run in groupby(enumerate(log), key=batch_of)]


def observations(batch: Sequence[Entry]) -> Observations:
    events = [entry.event for entry in batch]
    return Observations(
        topic=events[0].topic,
        offset=np.array([entry.offset for entry in batch], dtype=np.int64),
        type=np.array([EVENT_TYPES[event.type] for event in events], dtype=np.uint8),
        ts=np.array([event.ts for event in events], dtype=np.int64),
        price=np.array([event.price for event in events], dtype=np.float64),
        quantity=np.array([event.quantity for event in events], dtype=np.float64),
        amount=np.array([event.amount for event in events], dtype=np.float64),
        rating=np.array([event.rating for event in events], dtype=np.float64),
        sentiment=np.array([event.sentiment for event in events], dtype=np.float64),
        peer=np.array([hash_of(event.peer) for event in events], dtype=np.uint64),
        session=np.array([hash_of(event.session) for event in events], dtype=np.uint64),
        device=np.array([hash_of(event.device) for event in events], dtype=np.uint64),
        country=np.array([hash_of(event.country) for event in events], dtype=np.uint64),
        abnormal=np.array([UNDECIDED if event.abnormal is None else event.abnormal for event in events], dtype=np.int8),
    )


def apply(profiles: Profiles, log: Sequence[Entry], cuts: Iterable[int] = ()) -> View:
    """Takes the log in, batch by batch; the views of all its entries."""
    views = [View.empty(0)]
    for batch in batches(log, cuts):
        slots = np.array([entry.slot for entry in batch], dtype=np.int64)
        views.append(observe(profiles, slots, observations(batch)))
    return View._make(np.concatenate(arrays) for arrays in zip(*views, strict=True))


def profiles_of(log: Sequence[Entry]) -> Profiles:
    profiles = Profiles.empty(N_PROFILES)
    apply(profiles, log)
    return profiles


_MONEY = st.one_of(st.integers(0, 100_000).map(lambda cents: cents / 100), st.floats(0, 1e9, allow_subnormal=False))
_TIMES = st.one_of(
    st.integers(0, 12).map(lambda quarters: quarters * 6 * HOUR_MS),  # limits of the night, and whole days between
    *(st.integers(0, limit_ms) for limit_ms in (HOUR_MS, 9 * DAY_MS, 400 * DAY_MS)),
)
_FEW = st.sampled_from(["", *"abcdefg"])
_MANY = st.integers(0, 300).map(lambda number: f"value {number}" if number else "")


@st.composite
def _events(draw: st.DrawFn) -> Event:
    topic = draw(st.integers(0, len(TYPES_OF_TOPIC) - 1))
    return Event(
        topic=topic,
        type=draw(st.sampled_from(TYPES_OF_TOPIC[topic])),
        ts=START_MS + draw(_TIMES),
        price=draw(_MONEY),
        quantity=draw(st.integers(1, 9).map(float)),
        amount=draw(_MONEY),
        rating=draw(st.floats(1, 5)),
        sentiment=draw(st.floats(-1, 1, allow_subnormal=False)),
        peer=draw(_MANY),
        session=draw(_FEW),
        device=draw(_FEW),
        country=draw(_FEW),
    )


EVENTS = _events()
ACTS = st.lists(st.tuples(st.integers(0, N_PROFILES - 1), EVENTS), max_size=25)
"""Events in any order of time, each with the slot of its profile."""
LOGS = ACTS.map(log_of)
DECIDED_ACTS = st.lists(
    st.tuples(st.integers(0, N_PROFILES - 1), st.builds(replace, EVENTS, abnormal=st.booleans())), max_size=25
)
"""Of profiles that are told which purchases are abnormal. The order of their events makes no difference."""
DECIDED_LOGS = DECIDED_ACTS.map(log_of)
CUTS = st.sets(st.integers(0, 25))


def random_log(n: int, seed: int) -> list[Entry]:
    """A long log: bursts and pauses, a fifth of the events late, all topics, names that come back."""
    random = np.random.default_rng(seed)
    clock_ms = START_MS + np.cumsum(random.exponential(np.where(random.random(n) < 0.9, 60_000, DAY_MS))).astype(int)
    late_ms = np.where(random.random(n) < 0.2, random.exponential(3 * DAY_MS, n), 0).astype(int)
    acts = []
    for ts in (clock_ms - late_ms).tolist():
        topic = int(random.choice(4, p=(0.6, 0.3, 0.05, 0.05)))
        event = Event(
            topic=topic,
            type=str(random.choice(TYPES_OF_TOPIC[topic])),
            ts=ts,
            price=round(float(random.lognormal(3, 1)), 2),
            quantity=float(random.integers(1, 4)),
            amount=round(float(random.lognormal(4, 1)), 2),
            rating=float(random.integers(1, 6)),
            sentiment=round(float(random.uniform(-1, 1)), 3),
            peer=f"item {random.zipf(1.3) % 5000}",
            session=f"session {ts // DAY_MS}",
            device=f"device {random.zipf(2) % 9}" if random.random() < 0.9 else "",
            country=f"country {random.zipf(3) % 6}",
        )
        acts.append((int(random.integers(N_PROFILES)), event))
    return log_of(acts)
