"""A table that forgets, writes and reloads rows gives what an unbounded one in memory would."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from models.profiles.kernel import observe
from models.profiles.state import Columns, Profiles
from models.profiles.table import Dirty, ProfileTable
from schemas.layout import PROFILE_COLUMNS
from tests.models.profiles import logs
from tests.models.profiles.agreement import assert_identical
from tests.models.profiles.logs import EVENTS, Entry
from tests.models.profiles.reference import Event

IDS = [f"shopper {number}" for number in range(9)]
EPOCH = 5


class Database:
    """Rows by id, of which the one with the highest version counts."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[int, Columns]] = {}

    def write(self, dirty: Dirty) -> None:
        versions = np.asarray(dirty.columns["version"]).tolist()
        for row, (id, version) in enumerate(zip(dirty.columns["id"], versions, strict=True)):
            assert version > self.rows.get(str(id), (-1, {}))[0]
            columns = {name: np.asarray(column)[row : row + 1] for name, column in dirty.columns.items()}
            self.rows[str(id)] = version, columns

    def read(self, ids: list[str]) -> tuple[list[str], Columns]:
        found = [id for id in ids if id in self.rows]
        names = Profiles.empty(1).to_columns()
        rows = [self.rows[id][1] for id in found]
        return found, {name: np.concatenate([row[name] for row in rows] or [names[name][:0]]) for name in names}


class TableMachine(RuleBasedStateMachine):
    """Batches, flights of dirty rows and forgetting in any order, beside profiles that are never forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.table = ProfileTable(epoch=EPOCH)
        self.database = Database()
        self.expected = {id: Profiles.empty(1) for id in IDS}
        self.changed: set[str] = set()
        self.flying: set[str] = set()
        self.flight: Dirty | None = None
        self.tick = 0
        self.offset = 0

    @rule(acts=st.lists(st.tuples(st.sampled_from([*IDS, ""]), EVENTS), min_size=1, max_size=4))
    def take_a_batch_in(self, acts: list[tuple[str, Event]]) -> None:
        self.tick += 1
        for id, event in acts:
            self.take_in(id, Entry(0, self.offset, event))
            self.offset += 1

    def take_in(self, id: str, entry: Entry) -> None:
        missing = missing_from(self.table, [id, id])
        assert missing == ([id] if id and id not in self.in_memory() else [])
        found, columns = self.database.read(missing)
        self.table.load(found, columns)
        self.table.create([id for id in missing if id not in found])
        slots = self.table.locate([id])
        view = self.table.observe(slots, logs.observations([entry]), tick=self.tick)
        if id:
            expected = observe(self.expected[id], np.zeros(1, dtype=np.int64), logs.observations([entry]))
            assert_identical(view, expected)
            self.changed.add(id)
        assert view.applied.all() == bool(id)

    @precondition(lambda self: self.flight is None)
    @rule()
    def take_off(self) -> None:
        self.flight = self.table.take_dirty()
        assert set(self.flight.columns["id"]) == self.changed
        assert len(self.flight) == len(self.changed)
        self.database.write(self.flight)
        self.flying, self.changed = self.changed, set()

    @precondition(lambda self: self.flight is not None)
    @rule()
    def land(self) -> None:
        assert self.flight is not None
        self.table.written(self.flight)
        self.flight, self.flying = None, set()

    @rule(age=st.integers(0, 3))
    def forget(self, age: int) -> None:
        before, clean = len(self.table), self.table.last_uses()
        n = self.table.forget_unused_since(self.tick - age)
        assert n == (clean <= self.tick - age).sum()
        assert len(self.table) == before - n

    @rule()
    def replay(self) -> None:
        """What rows contain already doesn't make them dirty again."""
        for id in self.in_memory():
            entry = Entry(0, int(self.expected[id].offsets[0, 0]), Event(topic=0, type="view", ts=logs.START_MS))
            view = self.table.observe(self.table.locate([id]), logs.observations([entry]), tick=self.tick)
            assert not view.applied.any()

    def in_memory(self) -> list[str]:
        return [id for id in IDS if self.table.locate([id])[0] >= 0]

    @invariant()
    def rows_are_as_they_should_be(self) -> None:
        ids = self.in_memory()
        assert len(self.table) == len(ids)
        assert self.changed | self.flying <= set(ids)
        slots = self.table.locate(ids)
        assert len(set(slots.tolist())) == len(ids)
        for id, slot in zip(ids, slots, strict=True):
            assert_identical(self.table.profiles.take(np.array([slot])), self.expected[id])

    @invariant()
    def what_is_forgotten_is_in_the_database(self) -> None:
        for id in set(IDS) - set(self.in_memory()):
            if self.expected[id].totals.any():
                assert_identical(Profiles.from_columns(self.database.rows[id][1]), self.expected[id])


TestTable = TableMachine.TestCase
TestTable.settings = settings(max_examples=40, stateful_step_count=20)


def viewed(n: int, first_offset: int = 0) -> list[Entry]:
    event = Event(topic=0, type="view", ts=logs.START_MS, peer="item", device="device")
    return [Entry(0, offset, event) for offset in range(first_offset, first_offset + n)]


def missing_from(table: ProfileTable, ids: list[str]) -> list[str]:
    """The different ids, without the empty one, whose profiles aren't in memory."""
    different = [id for id in dict.fromkeys(ids) if id]
    return [id for id, slot in zip(different, table.locate(different), strict=True) if slot < 0]


def touch(table: ProfileTable, ids: list[str], *, offset: int, tick: int) -> npt.NDArray[np.int64]:
    """Every id views something once; those that are missing are created."""
    table.create(missing_from(table, ids))
    slots = table.locate(ids)
    table.observe(slots, logs.observations(viewed(len(ids), offset)), tick=tick)
    return slots


def test_columns_of_dirty_rows_are_those_of_the_table() -> None:
    table = ProfileTable(epoch=EPOCH)
    touch(table, ["a", "b"], offset=0, tick=1)
    dirty = table.take_dirty()
    assert dirty.columns.keys() == PROFILE_COLUMNS.keys() - {"kind", "partition"}
    assert {len(column) for column in dirty.columns.values()} == {2}


def test_rows_taken_for_writing_are_copies() -> None:
    table = ProfileTable(epoch=EPOCH)
    touch(table, ["a"], offset=0, tick=1)
    dirty = table.take_dirty()
    before = {name: np.array(column) for name, column in dirty.columns.items()}
    touch(table, ["a"], offset=1, tick=2)
    for name, column in dirty.columns.items():
        np.testing.assert_array_equal(column, before[name])


def test_versions_count_events_within_an_epoch_and_any_later_epoch_overrules() -> None:
    busy, idle = ProfileTable(epoch=EPOCH), ProfileTable(epoch=EPOCH + 1)
    touch(busy, ["a"], offset=0, tick=1)
    busy.observe(busy.locate(["a"] * 10_000), logs.observations(viewed(10_000, 1)), tick=1)
    touch(idle, ["a"], offset=0, tick=1)
    (busy_version,) = np.asarray(busy.take_dirty().columns["version"]).tolist()
    (idle_version,) = np.asarray(idle.take_dirty().columns["version"]).tolist()
    assert busy_version == (EPOCH << 32) + 10_001
    assert idle_version == ((EPOCH + 1) << 32) + 1


@pytest.mark.parametrize("epoch", [0, 1, 2**32 - 1])
def test_any_epoch_of_32_bits_fits(epoch: int) -> None:
    table = ProfileTable(epoch=epoch)
    touch(table, ["a"], offset=0, tick=1)
    assert np.asarray(table.take_dirty().columns["version"]).tolist() == [(epoch << 32) + 1]


def test_one_batch_of_many_ids_grows_the_table_and_keeps_its_rows() -> None:
    table = ProfileTable(epoch=EPOCH)
    first = [f"first {number}" for number in range(1_000)]
    touch(table, first, offset=0, tick=1)
    touch(table, [f"next {number}" for number in range(5_000)], offset=1_000, tick=2)
    assert len(table) == 6_000
    assert table.profiles.offsets[table.locate(first), 0].tolist() == list(range(1_000))
    assert len(table.take_dirty()) == 6_000


def test_memory_stays_bounded_while_ids_come_and_go() -> None:
    table = ProfileTable(epoch=EPOCH)
    sizes = []
    for tick in range(60):
        touch(table, [f"shopper {tick} {number}" for number in range(700)], offset=700 * tick, tick=tick)
        table.written(table.take_dirty())
        table.forget_unused_since(tick - 2)
        sizes.append(table.nbytes)
        assert len(table) <= 1_400
    assert sizes[-1] == sizes[3]
    assert sizes[-1] < 5_000 * Profiles.empty(1).nbytes


def test_a_forgotten_rows_slot_starts_empty() -> None:
    table = ProfileTable(epoch=EPOCH)
    touch(table, ["a", "b"], offset=0, tick=1)
    table.written(table.take_dirty())
    assert table.forget_unused_since(1) == 2
    table.create(["c", "d"])
    assert_identical(table.profiles.take(table.locate(["c", "d"])), Profiles.empty(2))
    assert not len(table.take_dirty())
    assert missing_from(table, ["a", "", "c", "a"]) == ["a"]
    assert table.locate(["a", "", "c"])[:2].tolist() == [-1, -1]
