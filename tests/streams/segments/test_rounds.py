"""Who enters and who leaves is told once each, whatever is killed when, and nobody flaps."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.segments.changes import change_id
from schemas.segments.moves import REMOVED
from streams.clickhouse.reader import Reader
from streams.leader.segments import SegmentRounds
from streams.segments.rounds import are_settled
from streams.settings import Settings
from tests.streams.dying import Killed, dying_delivery
from tests.streams.segments.conftest import Start
from tests.streams.segments.deaths import DEATHS, killed_leader
from tests.streams.segments.profiles import DAY_MS, T0, Town
from tests.streams.segments.rounds import by_changes, look, members, replayed, told

HOUR = 1 / 24
CARTS = "cart_abandoners"
DEATH_TIMEOUT_S = 30.0

CART = """
-- title: A cart
-- description: One of the tests'.
-- owner: tests
-- enters:
cart_left >= 20 -- or more
-- stays:
cart_left >= 10
-- score:
cart_left
-- reason:
printf('cart of %.2f', cart_left) -- in words
"""


@pytest.fixture
def one_segment(on_broker: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "cart.sql").write_text(CART)
    return replace(on_broker, segments=str(tmp_path))


def test_a_cart_that_is_left_is_told_with_its_value_and_its_age(
    on_broker: Settings, town: Town, start: Start, reader: Reader
) -> None:
    town.carts({"ann": 83.2, "bob": 5.0}, day=1)
    town.passes(1 + 5 * HOUR)
    look(start())
    (change,) = told(on_broker)
    assert change["change_id"] == change_id(CARTS, "ann", 1)
    assert (change["segment"], change["user_id"], change["change"], change["number"]) == (CARTS, "ann", "enter", 1)
    assert change["reason"] == "cart of 83.20 left 5 h ago"
    assert change["score"] == 83.2
    assert change["at"] == T0 + DAY_MS + 5 * 3_600_000
    assert members(reader) == {CARTS: {"ann"}}


def test_who_hovers_about_a_threshold_comes_once_and_goes_once(
    one_segment: Settings, town: Town, start: Start, reader: Reader
) -> None:
    values = [19.9, 20.1, 19.9, 10.1, 20.1, 15.0, 9.9, 10.1, 19.9, 9.9, 20.0, 12.0]
    for hour, value in enumerate(values):
        town.carts({"ann": value}, day=hour * HOUR)
        town.passes(hour * HOUR)
        look(start(settings=one_segment))
    changes = told(one_segment)
    assert [(change["change"], change["score"], change["number"]) for change in changes] == [
        ("enter", 20.1, 1),
        ("leave", 9.9, 2),
        ("enter", 20.0, 3),
    ]
    assert members(reader) == {"cart": {"ann"}}


def test_there_is_no_round_before_anything_has_come(town: Town, start: Start, reader: Reader) -> None:
    duty = start()
    look(duty)
    assert reader.query("SELECT count() FROM segment_rounds") == [(0,)]
    town.passes(1)
    look(duty)
    look(duty)
    assert reader.query("SELECT at_ms, entered, left FROM segment_rounds") == [(T0 + DAY_MS, 0, 0)]
    assert are_settled(reader)


def test_event_time_never_goes_back_from_round_to_round(
    on_broker: Settings, town: Town, start: Start, reader: Reader
) -> None:
    duty = start()
    town.passes(1)
    town.passes(8.5, partition=1)  # the other one is asleep
    look(duty)
    town.carts({"ann": 50.0}, day=8.4)
    town.passes(2)  # it wakes, and the clock steps back
    assert not are_settled(reader)
    look(duty)
    asleep = T0 + int(8.5 * DAY_MS)
    assert reader.query("SELECT at_ms FROM segment_rounds ORDER BY at_ms") == [(asleep,), (asleep + 1,)]
    assert reader.query("SELECT now_ms FROM event_clock") == [(asleep + 1,)], "the views don't step back either"
    (change,) = told(on_broker)
    assert (change["user_id"], change["at"]) == ("ann", asleep + 1)
    assert are_settled(reader)


def test_whoever_is_in_a_segment_that_is_removed_leaves_it_once(
    one_segment: Settings, town: Town, start: Start, reader: Reader, tmp_path: Path
) -> None:
    town.carts({"ann": 50.0, "bob": 20.0, "eve": 5.0}, day=1)
    town.passes(1)
    look(start(settings=one_segment))
    assert members(reader) == {"cart": {"ann", "bob"}}
    (tmp_path / "cart.sql").rename(tmp_path / "basket.sql")
    for hour in (1, 2):
        town.passes(1 + hour * HOUR)
        look(start(settings=one_segment))
    changes = told(one_segment)
    left = [
        (change["user_id"], change["reason"], change["number"]) for change in changes if change["change"] == "leave"
    ]
    assert sorted(left) == [("ann", REMOVED, 2), ("bob", REMOVED, 2)]
    assert members(reader) == replayed(changes) == by_changes(reader) == {"basket": {"ann", "bob"}}
    (tmp_path / "basket.sql").rename(tmp_path / "cart.sql")
    town.passes(1 + 3 * HOUR)
    look(start(settings=one_segment))
    assert members(reader) == replayed(told(one_segment)) == {"cart": {"ann", "bob"}}


def test_a_folder_without_segments_is_taken_for_a_mistake(
    one_segment: Settings, town: Town, start: Start, reader: Reader, tmp_path: Path
) -> None:
    town.carts({"ann": 50.0}, day=1)
    town.passes(1)
    look(start(settings=one_segment))
    (tmp_path / "cart.sql").unlink()
    town.passes(2)
    look(start(settings=one_segment))
    assert members(reader) == {"cart": {"ann"}}


def test_shoppers_are_held_out_by_their_hash_in_each_segment(
    on_broker: Settings, town: Town, start: Start, reader: Reader
) -> None:
    town.carts({f"user {number}": 50.0 for number in range(1_000)}, day=1)
    town.passes(1 + 2 * HOUR)
    look(start(page_changes=10_000))
    changes = told(on_broker)
    held_out = {change["user_id"] for change in changes if change["held_out"]}
    assert len(changes) == 1_000
    assert 70 <= len(held_out) <= 130
    in_view = reader.query("SELECT user_id FROM segment_cart_abandoners WHERE held_out")
    assert {user for (user,) in in_view} == held_out
    town.carts(dict.fromkeys(held_out, 0.0), day=1.5)
    town.passes(1.5)
    look(start())
    left = {change["user_id"]: change["held_out"] for change in told(on_broker) if change["change"] == "leave"}
    assert left == dict.fromkeys(held_out, True)


@pytest.mark.parametrize("death", DEATHS)
def test_a_leader_killed_at_any_step_loses_no_change_and_doubles_none(
    on_broker: Settings, town: Town, start: Start, reader: Reader, death: str
) -> None:
    """Meanwhile some shoppers come back, so that whoever looks again would find others."""
    town.carts({f"user {number}": 50.0 for number in range(5)}, day=1)
    town.passes(1 + 2 * HOUR)
    process = killed_leader(on_broker, death, page_changes=2)
    process.join(DEATH_TIMEOUT_S)
    assert process.exitcode == -signal.SIGKILL
    town.carts({"user 0": 0.0, "user 4": 0.0}, day=1 + 3 * HOUR)
    town.passes(1 + 3 * HOUR)
    look(start(page_changes=2))
    look(start())
    changes = told(on_broker)
    stayed = {"user 1", "user 2", "user 3"}
    assert replayed(changes) == by_changes(reader) == members(reader) == {CARTS: stayed}
    rows = reader.query("SELECT change_id, segment, user_id, number FROM segment_changes FINAL")
    assert {change["change_id"] for change in changes} == {row[0] for row in rows}, "what is written is told"
    assert all(row[0] == change_id(*row[1:]) for row in rows)
    came_and_went = {"user 0", "user 4"} if death != "before the changes are written" else set()
    assert Counter(user for _, _, user, _ in rows) == dict.fromkeys(stayed, 1) | dict.fromkeys(came_and_went, 2)
    by_id = {change["change_id"]: (change["at"], change["reason"]) for change in changes}
    assert all(by_id[change["change_id"]] == (change["at"], change["reason"]) for change in changes)
    rounds = reader.query("SELECT at_ms, entered, left FROM segment_rounds FINAL ORDER BY at_ms")
    n = len(came_and_went)
    assert [row[1:] for row in rounds] == ([(3, 0)] if not n else [(5, 0), (0, 2)])
    at_most_twice = Counter(change["change_id"] for change in changes)
    assert max(at_most_twice.values()) <= 2


def test_two_leaders_at_once_find_the_same_changes(
    on_broker: Settings, town: Town, start: Start, reader: Reader
) -> None:
    town.carts({f"user {number}": 50.0 for number in range(5)}, day=1)
    town.passes(1 + 2 * HOUR)
    former, next_one = start(page_changes=2), start(page_changes=2)
    assert former.run()
    town.passes(1 + 3 * HOUR)
    look(next_one)
    look(former)
    changes = told(on_broker)
    assert len({change["change_id"] for change in changes}) == 5
    assert replayed(changes) == members(reader) == {CARTS: {f"user {number}" for number in range(5)}}


def test_the_duty_begins_again_after_an_exception(
    on_broker: Settings, town: Town, start: Start, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.carts({f"user {number}": 50.0 for number in range(5)}, day=1)
    town.passes(1 + 2 * HOUR)
    duty: SegmentRounds = start(page_changes=2)
    with monkeypatch.context() as patch:
        patch.setattr(*dying_delivery(after=True, call=2))
        with pytest.raises(Killed):
            look(duty)
    look(duty)
    changes = told(on_broker)
    assert len(changes) == 7, "the page of which it isn't known comes twice, the first one doesn't"
    assert members(reader) == {CARTS: {f"user {number}" for number in range(5)}}
