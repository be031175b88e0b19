"""The profiles of a partition: what a batch needs of them, what its events see, and that forgetting loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
import pytest

from models.partition import INSTRUMENTS, PartitionProfiles, Views
from models.profiles.table import Dirty
from schemas.batch import EventBatch
from schemas.layout import KINDS, MEASURES, PROFILE_COLUMNS, TOTALS
from tests.models.features.shop import ShopEvent, batch_of, shop
from tests.models.profiles.logs import START_MS
from tests.models.profiles.reference import TYPES, TYPES_OF_TOPIC

EVENTS, SPENT = TOTALS.index("events"), TOTALS.index("spent")
NAMES = {"item": "peer", "device": "device", "card": "card", "ip": "ip", "merchant": "merchant"}

Rows = dict[str, dict[str, Any]]
"""Profile rows of one kind by id, without the id."""


def act(offset: int, kind: str, user: str, **names: Any) -> ShopEvent:
    """An event a minute after the one before it, worth ten times its offset."""
    topic = next(topic for topic, types in enumerate(TYPES_OF_TOPIC) if kind in types)
    return ShopEvent(
        topic=topic,
        type=kind,
        ts=START_MS + offset * 60_000,
        amount=10.0 * offset,
        position=offset,
        offset=offset,
        user=user,
        **names,
    )


def observed(profiles: PartitionProfiles, events: EventBatch, *, tick: int = 1) -> Views:
    """As an owner does for whom all profiles are new."""
    for kind, ids in profiles.missing(events).items():
        profiles.tables[kind].create(ids)
    return profiles.observe(events, tick=tick)


def durable(profiles: PartitionProfiles) -> dict[str, Dirty]:
    """The dirty rows, clean from now on."""
    dirty = dict(profiles.take_dirty())
    for kind, rows in dirty.items():
        profiles.tables[kind].written(rows)
    return dirty


def rows_of(dirty: dict[str, Dirty]) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for kind, rows in dirty.items():
        columns: dict[str, Any] = dict(rows.columns)
        ids = columns.pop("id")
        found[kind] = {id: {name: column[at] for name, column in columns.items()} for at, id in enumerate(ids)}
    return found


def load(profiles: PartitionProfiles, kind: str, ids: Sequence[str], rows: Rows) -> None:
    """What of ``ids`` is in ``rows`` is loaded, the rest created."""
    known = [id for id in ids if id in rows]
    if known:
        names = [name for name in PROFILE_COLUMNS if name not in ("kind", "partition", "id", "version")]
        profiles.tables[kind].load(known, {name: np.array([rows[id][name] for id in known]) for name in names})
    profiles.tables[kind].create([id for id in ids if id not in rows])


def test_what_is_missing_is_told_once_by_kind() -> None:
    profiles = PartitionProfiles(epoch=1)
    events = batch_of(
        [
            act(1, "cart_add", "ann", peer="boots"),
            act(2, "purchase", "ann", peer="boots", card="visa", merchant="shop"),
            act(3, "purchase", "bob", card="visa", ip="10.0.0.1"),
        ]
    )
    expected = {"user": ["ann", "bob"], "item": ["boots"], "card": ["visa"], "ip": ["10.0.0.1"], "merchant": ["shop"]}
    assert profiles.missing(events) == expected
    assert profiles.missing(events) == expected
    for kind, ids in expected.items():
        profiles.tables[kind].create(ids)
    assert profiles.missing(events) == {}
    views = profiles.observe(events, tick=1)
    assert views.shopper.applied.all()
    assert views.shopper.totals[:, EVENTS].tolist() == [0, 1, 0]
    rows, view = views.instruments["card"]
    assert rows.tolist() == [1, 2]
    assert view.totals[:, SPENT].tolist() == [0, 20]
    assert len(profiles) == sum(map(len, expected.values()))


def test_only_what_is_not_in_memory_is_missing() -> None:
    profiles = PartitionProfiles(epoch=1)
    observed(profiles, batch_of([act(1, "purchase", "ann", card="visa")]))
    assert profiles.missing(batch_of([act(2, "purchase", "ann", card="visa"), act(3, "purchase", "bob")])) == {
        "user": ["bob"]
    }


def test_of_a_complete_partition_nothing_is_missing() -> None:
    events = batch_of([act(1, "purchase", "ann", card="visa"), act(2, "purchase", "ann", peer="boots")])
    complete, asking = PartitionProfiles(epoch=1, complete=True), PartitionProfiles(epoch=1)
    assert complete.missing(events) == {}
    assert complete.observe(events, tick=1).shopper.applied.all()
    observed(asking, events)
    assert_same(rows_of(durable(complete)), rows_of(durable(asking)))


@pytest.mark.parametrize("kind", TYPES)
def test_instruments_are_profiled_by_payments_alone(kind: str) -> None:
    profiles = PartitionProfiles(epoch=1)
    event = act(1, kind, "ann", **dict(zip(NAMES.values(), NAMES, strict=True)))
    views = observed(profiles, batch_of([event]))
    pays = kind in ("checkout", "purchase", "return")
    for instrument in INSTRUMENTS:
        assert len(profiles.tables[instrument]) == pays
        assert len(views.instruments[instrument][0]) == pays
    assert len(profiles.tables["user"]) == len(profiles.tables["item"]) == 1


def test_an_item_takes_every_event_in_that_names_it() -> None:
    profiles = PartitionProfiles(epoch=1)
    acts = [act(1, "cart_add", "ann", peer="boots"), act(2, "purchase", "bob", peer="boots"), act(3, "checkout", "cy")]
    views = observed(profiles, batch_of(acts))
    assert set(views.instruments) == set(INSTRUMENTS)
    item = rows_of(durable(profiles))["item"]
    assert list(item) == ["boots"]
    assert item["boots"]["total_events"] == 2
    assert item["boots"]["total_spent"] == 20
    assert item["boots"]["carts_offset"] == 2


def test_rows_that_name_no_instrument_see_nothing() -> None:
    profiles = PartitionProfiles(epoch=1)
    acts = [act(at, "purchase", "ann", card="visa" if at % 2 else "") for at in range(1, 6)]
    views = observed(profiles, batch_of(acts))
    seen = views.of_rows("card", np.array([4, 1, 2, 3]), len(acts))
    assert seen.applied.tolist() == [True, False, True, False]
    assert seen.totals[:, EVENTS].tolist() == [2, 0, 1, 0]
    for array in seen:
        assert not array[[1, 3]].any()
    unnamed = views.of_rows("merchant", np.array([0, 1]), len(acts))
    assert [len(array) for array in unnamed] == [2] * len(unnamed)
    assert not any(array.any() for array in unnamed)


def test_looking_at_some_rows_leaves_the_view_as_it_is() -> None:
    profiles = PartitionProfiles(epoch=1)
    acts = [act(1, "purchase", "ann"), act(2, "purchase", "ann", card="visa"), act(3, "purchase", "ann", card="visa")]
    views = observed(profiles, batch_of(acts))
    before = [array.copy() for array in views.instruments["card"][1]]
    views.of_rows("card", np.array([0, 1, 2]), 3)
    for array, copy in zip(views.instruments["card"][1], before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_a_replay_changes_nothing_and_is_told() -> None:
    profiles = PartitionProfiles(epoch=1)
    acts = [act(at, "purchase", "ann", peer="boots", card="visa") for at in (1, 2, 3)]
    observed(profiles, batch_of(acts[:2]))
    before = rows_of(durable(profiles))
    views = observed(profiles, batch_of(acts[:2]), tick=2)
    assert not views.shopper.applied.any()
    assert not views.instruments["card"][1].applied.any()
    assert durable(profiles) == {}
    views = observed(profiles, batch_of(acts), tick=3)
    assert views.shopper.applied.tolist() == [False, False, True]
    assert views.instruments["card"][1].applied.tolist() == [False, False, True]
    after = rows_of(durable(profiles))
    for kind in ("user", "item", "card"):
        (row,), (row_before,) = after[kind].values(), before[kind].values()
        assert (row_before["total_events"], row["total_events"]) == (2, 3)


def test_each_profile_tells_replays_by_its_own_offsets() -> None:
    """The rows of a flush that died half-way: the card's is durable, the shopper's and the item's aren't."""
    events = batch_of([act(at, "purchase", "ann", peer="boots", card="visa") for at in (1, 2)])
    first, second = PartitionProfiles(epoch=1), PartitionProfiles(epoch=2)
    observed(first, events)
    expected = rows_of(durable(first))
    load(second, "card", ["visa"], expected["card"])
    assert second.missing(events) == {"user": ["ann"], "item": ["boots"]}
    views = observed(second, events)
    assert views.shopper.applied.all()
    assert not views.instruments["card"][1].applied.any()
    dirty = rows_of(durable(second))
    assert set(dirty) == {"user", "item"}
    assert_same(dirty, {kind: expected[kind] for kind in ("user", "item")})


def test_rows_forgotten_after_they_were_located_are_missing_again() -> None:
    profiles = PartitionProfiles(epoch=1)
    observed(profiles, batch_of([act(1, "purchase", "ann", card="visa")]))
    stored = rows_of(durable(profiles))
    events = batch_of([act(2, "purchase", "ann", card="visa")])
    assert profiles.missing(events) == {}
    assert profiles.forget_unused_since(1) == 2
    # Their slots go to others.
    profiles.tables["user"].create(["bob"])
    profiles.tables["card"].create(["amex"])
    assert profiles.missing(events) == {"user": ["ann"], "card": ["visa"]}
    for kind, ids in profiles.missing(events).items():
        load(profiles, kind, ids, stored[kind])
    assert profiles.observe(events, tick=2).shopper.totals[:, EVENTS].tolist() == [1]
    written = rows_of(durable(profiles))
    assert {kind: list(rows) for kind, rows in written.items()} == {"user": ["ann"], "card": ["visa"]}
    assert [rows["total_events"] for kind in written.values() for rows in kind.values()] == [2, 2]


def test_no_event_goes_into_the_row_that_took_a_forgotten_ones_place() -> None:
    profiles = PartitionProfiles(epoch=1)
    observed(profiles, batch_of([act(1, "purchase", "ann", card="visa")]))
    durable(profiles)
    events = batch_of([act(2, "purchase", "ann", card="visa")])
    profiles.missing(events)
    profiles.forget_unused_since(1)
    profiles.tables["user"].create(["bob"])
    profiles.tables["card"].create(["amex"])
    assert not profiles.observe(events, tick=2).shopper.applied.any()
    assert durable(profiles) == {}


def test_a_partition_that_forgot_is_not_complete() -> None:
    profiles = PartitionProfiles(epoch=1, complete=True)
    observed(profiles, batch_of([act(1, "purchase", "ann", card="visa")]))
    assert profiles.forget_unused_since(5) == 0, "dirty rows must stay"
    assert profiles.complete
    durable(profiles)
    assert profiles.forget_unused_since(0) == 0
    assert profiles.complete
    assert profiles.forget_unused_since(1) == 2
    assert not profiles.complete
    assert profiles.missing(batch_of([act(2, "purchase", "ann")])) == {"user": ["ann"]}


@pytest.mark.parametrize("seed", [1, 2])
def test_forgetting_and_loading_again_makes_no_difference(seed: int) -> None:
    """However a log is cut, and whatever is forgotten between and within batches."""
    random = np.random.default_rng(seed)
    log = shop(n_shoppers=40, mean_events=12, seed=seed)
    expected: dict[str, Rows] = {kind: {} for kind in KINDS}
    stored: dict[str, Rows] = {kind: {} for kind in KINDS}
    steady, forgetful = PartitionProfiles(epoch=1, complete=True), PartitionProfiles(epoch=1, complete=True)
    for events in cut(log, random, longest=400):
        observed(steady, events)
        store(expected, durable(steady))
    for tick, events in enumerate(cut(log, random, longest=60)):
        wanted = forgetful.missing(events)
        if tick % 3 == 1:
            forgetful.forget_unused_since(tick - 2)
            wanted = forgetful.missing(events)
        for kind, ids in wanted.items():
            load(forgetful, kind, ids, stored[kind])
        assert forgetful.observe(events, tick=tick).shopper.applied.all()
        store(stored, durable(forgetful))
    assert_same(stored, expected)


def cut(log: Sequence[ShopEvent], random: np.random.Generator, *, longest: int) -> list[EventBatch]:
    """Batches of one topic each."""
    batches = []
    while log:
        _, same_topic = next(groupby(log[: 1 + int(random.integers(longest))], key=attrgetter("topic")))
        run = list(same_topic)
        batches.append(batch_of(run))
        log = log[len(run) :]
    return batches


def store(stored: dict[str, Rows], dirty: dict[str, Dirty]) -> None:
    for kind, rows in rows_of(dirty).items():
        stored[kind] |= rows


def assert_same(found: dict[str, Rows], expected: dict[str, Rows]) -> None:
    assert {kind: set(rows) for kind, rows in found.items()} == {kind: set(rows) for kind, rows in expected.items()}
    for kind, rows in expected.items():
        for id, row in rows.items():
            for name, value in row.items():
                if name != "version":
                    assert found[kind][id][name] == value, (kind, id, name)


def abnormal_of(profiles: PartitionProfiles, kind: str, id: str) -> float:
    table = profiles.tables[kind]
    return float(table.profiles.decayed[table.locate([id])[0], MEASURES.index("abnormal"), 3])


@pytest.mark.parametrize("replayed", [False, True])
def test_an_abnormal_purchase_counts_for_all_that_it_names(replayed: bool) -> None:
    """It is the shopper's history that decides, not that of the merchant, who sells dearer things all the time."""
    profiles = PartitionProfiles(epoch=1, complete=True)
    named = {"card": "visa", "merchant": "jeweller", "device": "phone", "ip": "10.0.0.1", "peer": "ring"}
    rich = [replace(act(offset, "purchase", "bob", merchant="jeweller"), amount=9_000.0) for offset in range(1, 9)]
    usual = [replace(act(offset, "purchase", "ann", card="visa"), amount=20.0) for offset in range(11, 16)]
    dear = replace(act(20, "purchase", "ann", **named), amount=60.0)
    for tick, run in enumerate([rich, usual, [dear], *([usual, [dear]] if replayed else [])]):
        views = observed(profiles, batch_of(run), tick=tick)
    assert views.shopper.abnormal.tolist() == [not replayed]
    for kind, attribute in NAMES.items():
        assert abnormal_of(profiles, kind, named[attribute]) == 1
    assert abnormal_of(profiles, "user", "ann") == 1
    assert abnormal_of(profiles, "user", "bob") == 0
