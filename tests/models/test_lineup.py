"""What decisions come to."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import CHURN, FRAUD, MODELS
from models.lineup import Action, Decision, Lineup, lineup

NAMES = ("fraud", "b", "c")


@pytest.fixture(autouse=True, scope="module")
def catalogue() -> None:
    with pytest.MonkeyPatch.context() as patched:
        for name in NAMES[1:]:
            patched.setitem(MODELS, name, replace(FRAUD, name=name))
        yield


def after(*made: str) -> Lineup:
    """Where decisions, such as ``promote b``, bring fraud."""
    clock = count(1)
    parsed = [text.split() for text in made]
    return lineup("fraud", [decided(action, model, *rest, at=next(clock)) for action, model, *rest in parsed])


def decided(action: Action, model: str, version: str = "", *, at: int) -> Decision:
    kind = CHURN.kind if model == "churn" else FRAUD.kind
    return Decision(kind=kind, decided_ms=at, action=action, model=model, version=version)


def test_the_first_of_a_kind_is_champion_alone() -> None:
    assert after() == Lineup(champions=("fraud",), pins={})
    assert after().active == ("fraud",)


@pytest.mark.parametrize(
    ("made", "active"),
    [
        (["challenge b"], ["fraud", "b"]),
        (["challenge b", "challenge c", "retire b"], ["fraud", "c"]),
        (["promote b"], ["b", "fraud"]),
        (["challenge b", "challenge c", "promote b"], ["b", "c", "fraud"]),
        (["promote b", "promote b"], ["b", "fraud"]),
        (["promote b", "rollback fraud"], ["fraud", "b"]),
        (["promote b", "promote c", "rollback b"], ["b", "fraud", "c"]),
        (["promote b", "retire fraud"], ["b"]),
        (["promote b", "retire b"], ["b", "fraud"]),
        (["retire fraud"], ["fraud"]),
        (["promote gone", "challenge gone"], ["fraud"]),
        (["promote churn"], ["fraud"]),
        (["promote b", "promote c", "rollback fraud"], ["fraud", "b", "c"]),
    ],
)
def test_who_takes_part(made: list[str], active: list[str]) -> None:
    assert list(after(*made).active) == active


@pytest.mark.parametrize(
    ("made", "champions"),
    [
        (["promote b", "promote c"], ["fraud", "b", "c"]),
        (["promote b", "promote c", "rollback b", "rollback fraud"], ["fraud"]),
        (["promote b", "promote fraud"], ["fraud", "b", "fraud"]),
        (["promote b", "promote fraud", "retire b"], ["fraud"]),
    ],
)
def test_a_rollback_takes_the_last_champion_away(made: list[str], champions: list[str]) -> None:
    assert list(after(*made).champions) == champions


def test_a_pin_is_of_the_model_whatever_its_role() -> None:
    assert after("pin b b-1", "promote b", "pin fraud fraud-1").pins == {"b": "b-1", "fraud": "fraud-1"}
    assert after("pin b b-1", "pin b b-2").pins == {"b": "b-2"}
    assert after("pin b b-1", "unpin b", "unpin c").pins == {}


@given(st.lists(st.tuples(st.sampled_from(["promote", "rollback", "challenge", "retire"]), st.sampled_from(NAMES))))
def test_there_is_always_one_champion_and_nobody_twice(made: list[tuple[Action, str]]) -> None:
    found = lineup("fraud", [decided(action, model, at=at) for at, (action, model) in enumerate(made)])
    assert len(found.active) == len(set(found.active)) >= 1
    assert all(one != other for one, other in zip(found.champions, found.champions[1:], strict=False))
