"""Which alerts are listed, and which ids are known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streams.clickhouse.reader import Reader
from streams.desk import given
from streams.desk.listing import Selection, listed, of_ids
from streams.errors import Invalid
from streams.settings import Settings
from tests.streams.desk.planted import HOUR_MS, T0, Planted

HOSTILE = [
    "' OR 1=1 --",
    "x') OR (1=1",
    "\\' OR 1=1 --",
    "'; DROP TABLE alerts; --",
    "%(user)s",
    "%",
    "{condition}",
    "a\0b",
]


@pytest.fixture
def four(planted: Planted) -> dict[str, str]:
    """Their ids by event."""
    return {
        "a": planted.alert("ann", "a", 0, score=0.91),
        "b": planted.alert("ann", "b", HOUR_MS, score=0.99),
        "c": planted.alert("bob", "c", 2 * HOUR_MS, kind="churn", score=0.97),
        "d": planted.alert("bob", "d", 3 * HOUR_MS, suppressed_by="c"),
    }


SELECTED = [
    (Selection(), "cba"),
    (Selection(states=()), "dcba"),
    (Selection(states=("suppressed", "expired")), "d"),
    (Selection(kind="fraud"), "ba"),
    (Selection(since_ms=T0 + HOUR_MS), "cb"),
    (Selection(user="ann"), "ba"),
    (Selection(min_score=0.95), "cb"),
    (Selection(user="ann", min_score=0.95, kind="fraud", since_ms=T0), "b"),
    *[(Selection(states=(), user=user), "") for user in HOSTILE],
]


def test_alerts_are_selected_the_newest_first(settings: Settings, reader: Reader, four: dict[str, str]) -> None:
    for selection, events in SELECTED:
        found = listed(reader, settings, selection, now_ms=T0 + 4 * HOUR_MS, limit=10)
        assert "".join(one.alert.event_id for one in found) == events, selection
    (newest,) = listed(reader, settings, Selection(), now_ms=T0 + 4 * HOUR_MS, limit=1)
    assert newest.alert.event_id == "c"


@pytest.mark.parametrize("user", ["", "\udcff", "x" * 257])
def test_what_nobody_is_called_is_refused(user: str) -> None:
    with pytest.raises(Invalid, match=r"^A shopper's id "):
        Selection(user=user).condition()


def test_what_is_listed_is_the_alert_as_it_was_sent(settings: Settings, reader: Reader, four: dict[str, str]) -> None:
    (found,) = of_ids(reader, settings, [four["c"]], now_ms=T0)
    shown = found.to_dict()
    assert (shown["alert_id"], shown["user_id"], shown["ts"]) == (four["c"], "bob", T0 + HOUR_MS)
    assert shown["reasons"][0]["text"] == "3 orders in 1 h"
    assert (shown["state"], shown["verdict"]) == ("open", "")


def test_named_alerts_come_once_in_the_order_given(settings: Settings, reader: Reader, four: dict[str, str]) -> None:
    asked = [four[event] for event in "dacad"]
    found = of_ids(reader, settings, asked, now_ms=T0)
    assert [one.alert.event_id for one in found] == ["d", "a", "c"]


def test_an_alert_that_is_not_there_is_told(settings: Settings, reader: Reader, four: dict[str, str]) -> None:
    for hostile in HOSTILE:
        with pytest.raises(Invalid) as refused:
            of_ids(reader, settings, [four["a"], hostile], now_ms=T0)
        assert str(refused.value) == f"There is no alert {hostile!r}"
    with pytest.raises(Invalid, match=r"^There is no alert 'x', nor are 1 more of the 3 given"):
        of_ids(reader, settings, ["x", four["a"], "y"], now_ms=T0)
    assert reader.query("SELECT count() FROM alerts") == [(4,)]


@pytest.mark.parametrize("asked", [[], [""], ["\udcff"]])
def test_ids_that_can_not_be_are_refused(asked: Sequence[str]) -> None:
    with pytest.raises(Invalid):
        given.ids(asked)
