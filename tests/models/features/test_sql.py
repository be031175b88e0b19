"""What workers see of an event as it passes is what ClickHouse computes of the events table afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pytest

from models.features.churn import CHURN_FEATURES, churn_features
from models.features.fraud import FRAUD_FEATURES, fraud_features
from models.partition import INSTRUMENTS, PartitionProfiles
from models.profiles.kernel import View
from models.risk import RiskBook
from schemas.events import EVENT_TYPES
from schemas.topics import BEHAVIOUR
from streams.clickhouse.columns import Column
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.settings import Settings
from tests.models.features import plain
from tests.models.features.profiles_in_sql import LAST_EVENTS, LAST_PURCHASES, states_before
from tests.models.features.shop import PARTITION, ShopEvent, batch_of, shop
from tests.models.profiles.agreement import assert_view
from tests.models.profiles.reference import State, state_of

N_SHOPPERS = 300
KINDS = ("user", *INSTRUMENTS)
NEW = state_of([])
RISKS = RiskBook()


class Online:
    """The shop's events taken in fetch by fetch, and what each saw; row by position."""

    def __init__(self, events: list[ShopEvent]) -> None:
        profiles = PartitionProfiles(epoch=1, complete=True)
        views: dict[str, list[View]] = {kind: [] for kind in KINDS}
        churn, fraud = [], []
        for tick, (_, run) in enumerate(groupby(events, key=lambda event: event.topic)):
            batch = batch_of(list(run))
            n = len(batch)
            profiles.missing(batch)
            seen = profiles.observe(batch, tick=tick)
            others = {kind: seen.of_rows(kind, np.arange(n), n) for kind in INSTRUMENTS}
            for kind, view in {"user": seen.shopper, **others}.items():
                views[kind].append(view)
            churn.append(churn_features(seen.shopper, batch))
            risks = {kind: RISKS.look_up(kind, getattr(batch, kind), batch.ts) for kind in INSTRUMENTS}
            fraud.append(fraud_features(seen.shopper, others, risks, batch))
        self.events = events
        self.views = {kind: View._make(map(np.concatenate, zip(*parts, strict=True))) for kind, parts in views.items()}
        self.churn = np.concatenate(churn)
        self.fraud = np.concatenate(fraud)


@pytest.fixture(scope="module")
def online() -> Online:
    return Online(shop(n_shoppers=N_SHOPPERS, mean_events=25, seed=8))


@pytest.fixture
def reader(settings: Settings, online: Online) -> Iterator[Reader]:
    """Of a database that holds the shop's events."""
    events = online.events
    columns: dict[str, Column] = {
        "topic": [BEHAVIOUR[event.topic] for event in events],
        "partition": np.full(len(events), PARTITION, dtype=np.int32),
        "type_code": np.array([EVENT_TYPES[event.type] for event in events], dtype=np.uint8),
        "event_id": [event.event_id for event in events],
        "user_id": [event.user for event in events],
        "item": [event.peer for event in events],
    }
    for name in ("offset", "ts", "session", "device", "country", "card", "ip", "merchant"):
        columns[name] = [getattr(event, name) for event in events]
    for name in ("price", "quantity", "amount", "rating"):
        columns[name] = np.array([getattr(event, name) for event in events])
    writer, reader = Writer(settings), Reader(settings)
    writer.insert("events", columns, token="shop")  # noqa: S106 - names the rows
    yield reader
    writer.close()
    reader.close()


def test_profiles_and_features_are_those_of_the_events_table(online: Online, reader: Reader) -> None:
    last_events = states_before(reader, "user", LAST_EVENTS)
    last_purchases = {kind: states_before(reader, kind, LAST_PURCHASES) for kind in KINDS}
    assert len(last_events) > 0.95 * N_SHOPPERS
    assert all(len(states) > 0.4 * N_SHOPPERS for states in last_purchases.values())
    for position, state in last_events.items():
        event = online.events[position]
        assert_seen(online, "user", position, state)
        assert_features(online.churn[position], CHURN_FEATURES.names, plain.churn(state, event))
    for position in last_purchases["user"]:
        event = online.events[position]
        instruments: dict[str, State | None] = {}
        for kind in INSTRUMENTS:
            state = last_purchases[kind].get(position, NEW)
            instruments[kind] = state if getattr(event, kind) else None
            if getattr(event, kind):
                assert_seen(online, kind, position, state)
        expected = plain.fraud(last_purchases["user"][position], instruments, {}, event)
        assert_features(online.fraud[position], FRAUD_FEATURES.names, expected)


def assert_seen(online: Online, kind: str, position: int, state: State) -> None:
    event = online.events[position]
    assert_view(online.views[kind], position, state, device=event.device, country=event.country, ts=event.ts)


def assert_features(row: npt.NDArray[np.float32], names: tuple[str, ...], expected: dict[str, float]) -> None:
    assert set(names) == expected.keys()
    np.testing.assert_allclose(row, [expected[name] for name in names], rtol=1e-6, atol=1e-6)
