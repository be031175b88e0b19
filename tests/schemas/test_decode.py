"""The decoder: what is wrong with a record is told by field, and nothing else suffers from it."""

import json
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.batch import NUMBERS, TEXTS
from schemas.decode import Decoded, Decoder

NOW_MS = 1_700_000_000_000
GOOD = {"type": "view", "event_id": "e1", "user_id": "u1", "ts": NOW_MS, "item": "i1", "price": 2.5}
ORDER = {"type": "purchase", "event_id": "e2", "user_id": "u1", "ts": NOW_MS, "order_id": "o1", "amount": 9.9}


class Record(NamedTuple):
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = NOW_MS


def view(**changed: object) -> bytes:
    return json.dumps(GOOD | changed).encode()


def without(field: str) -> bytes:
    return json.dumps({name: value for name, value in GOOD.items() if name != field}).encode()


BROKEN: dict[str, tuple[bytes | None, bytes | None, str]] = {
    # what is wrong: (key, value, what the reason begins with)
    "no value": (b"u1", None, "Expected an event"),
    "empty value": (b"u1", b"", "Input data was truncated"),
    "blank value": (b"u1", b"  ", "Input data was truncated"),
    "not JSON": (b"u1", b"hello", "JSON is malformed"),
    "cut off": (b"u1", view()[:-5], "Input data was truncated"),
    "an array": (b"u1", b"[1]", "Expected `object`"),
    "null": (b"u1", b"null", "Expected `object`"),
    "unknown type": (b"u1", view(type="wink"), "type: Invalid value 'wink'"),
    "type of another topic": (b"u1", view(type="purchase"), "type: Invalid value 'purchase'"),
    "no type": (b"u1", without("type"), "type: Missing"),
    "no event_id": (b"u1", without("event_id"), "event_id: Missing"),
    "no user_id": (b"u1", without("user_id"), "user_id: Missing"),
    "no ts": (b"u1", without("ts"), "ts: Missing"),
    "no item": (b"u1", without("item"), "item: Missing"),
    "empty event_id": (b"u1", view(event_id=""), "event_id: Expected `str` of length >= 1"),
    "empty user_id": (b"", view(user_id=""), "user_id: Expected `str` of length >= 1"),
    "long user_id": (b"u" * 129, view(user_id="u" * 129), "user_id: Expected `str` of length <= 128"),
    "user_id a number": (b"1", view(user_id=1), "user_id: Expected `str`, got `int`"),
    "ts a text": (b"u1", view(ts="now"), "ts: Expected `int`, got `str`"),
    "ts in seconds": (b"u1", view(ts=NOW_MS // 1000), "ts: Expected `int` >= 946684800000"),
    "ts in microseconds": (b"u1", view(ts=NOW_MS * 1000), "ts: Expected `int` <= 4102444800000"),
    "ts beyond 64 bits": (b"u1", view(ts=1 << 80), "ts: Expected `int` <= 4102444800000"),
    "ts with a fraction": (b"u1", view(ts=NOW_MS + 0.5), "ts: Expected `int`"),
    "a day ahead": (b"u1", view(ts=NOW_MS + 86_400_000), "ts: Expected at most 3600 s after the record's time"),
    "price a text": (b"u1", view(price="2.50"), "price: Expected `float`, got `str`"),
    "price null": (b"u1", view(price=None), "price: Expected `float`, got `null`"),
    "price negative": (b"u1", view(price=-0.01), "price: Expected `float` >= 0"),
    "price NaN": (b"u1", view(price=float("nan")), "JSON is malformed"),
    "price infinite": (b"u1", view(price=float("inf")), "JSON is malformed"),
    "price beyond a double": (b"u1", view().replace(b"2.5", b"1e999"), "price: Number out of range"),
    "price too high": (b"u1", view(price=1e10), "price: Expected `float` <= 1000000000.0"),
    "quantity zero": (b"u1", view(quantity=0), "quantity: Expected `float` > 0"),
    "1 MB of text": (b"u1", view(text="x" * 1_000_000), "text: Expected `str` of length <= 32768"),
    "long brand": (b"u1", view(brand="x" * 257), "brand: Expected `str` of length <= 256"),
    "no key": (None, view(), "key: Expected the user_id, got an empty key"),
    "empty key": (b"", view(), "key: Expected the user_id, got an empty key"),
    "another's key": (b"u2", view(), "key: Expected the user_id, got another key"),
    "not UTF-8": (b"u1", view(brand="?").replace(b"?", b"\xff"), "Expected UTF-8"),
    "lone surrogate in the user_id": (b"u1", view(user_id="\ud800"), "JSON is malformed"),
    "lone surrogate in the brand": (b"u1", view(brand="\ud800"), "Input data was truncated"),
    "line break in a text": (b"u1", view(brand="?").replace(b"?", b"\n"), "JSON is malformed"),
    "two events": (b"u1", view() + b"\n" + view(), "JSON is malformed"),
    "two events without a break": (b"u1", view() + view(), "JSON is malformed"),
    "half an event": (b"u1", view()[:-1] + b',"more":{}', "Input data was truncated"),
    "the other half": (b"u1", b'{"more":1}}' + view(), "type: Missing"),
}


def decode(*records: Record, topic: str = "clicks") -> Decoded:
    return Decoder(topic).decode(3, records)


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_broken_record_is_a_dead_letter_with_a_reason_and_its_neighbours_go_through(wrong: str) -> None:
    key, value, reason = BROKEN[wrong]
    before, after = Record(10, b"u1", view(event_id="before")), Record(12, b"u1", view(event_id="after"))

    events, letters = decode(before, Record(11, key, value), after)

    assert list(events.event_id) == ["before", "after"]
    assert events.offset.tolist() == [10, 12]
    (letter,) = letters
    assert letter.reason.startswith(reason)
    assert (letter.topic, letter.partition, letter.offset, letter.record_ts) == ("clicks", 3, 11, NOW_MS)
    assert (letter.key, letter.value) == (key or b"", value or b"")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ({}, "type: Missing, but required"),
        ({"type": "view"}, "type: Invalid value 'view'"),
        ({"type": ""}, "type: Invalid value ''"),
        ({"type": "(none)"}, "ts: Expected `int` >= 4102444800000"),
    ],
)
def test_a_review_says_so_though_its_topic_takes_nothing_else(kind: dict[str, str], reason: str) -> None:
    event = {"event_id": "e3", "user_id": "u1", "ts": NOW_MS, "item": "i1", "rating": 4, "text": "fine"}
    review, other = json.dumps(event | {"type": "review"}).encode(), json.dumps(event | kind).encode()
    events, letters = decode(Record(0, b"u1", review), Record(1, b"u1", other), topic="reviews")
    assert events.offset.tolist() == [0]
    assert [(letter.offset, letter.reason) for letter in letters] == [(1, reason)]


def test_records_that_are_events_only_together_are_all_dead_letters() -> None:
    """Two objects in one record and none in the next would add up to the right number of events."""
    both = view(user_id="u1") + view(user_id="u2")
    halves = view()[:-1] + b',"more":', b"{}}" + view(user_id="u2")
    for first, second in [(both, b"  "), (both, b""), halves]:
        events, letters = decode(Record(0, b"u1", first), Record(1, b"u2", second))
        assert (len(events), [letter.offset for letter in letters]) == (0, [0, 1])


def test_an_event_over_several_lines_and_with_space_around_is_an_event() -> None:
    pretty = json.dumps(GOOD, indent=2).encode()
    events, letters = decode(
        Record(0, b"u1", view()), Record(1, b"u1", pretty), Record(2, b"u1", b" " + view() + b"\n")
    )
    assert (len(events), letters) == (3, [])
    assert list(events.item) == ["i1"] * 3


def test_absent_fields_are_empty_or_their_default_and_unknown_ones_ignored() -> None:
    bare = {name: GOOD[name] for name in ("type", "event_id", "user_id", "ts", "item")}
    events, letters = decode(Record(0, b"u1", json.dumps(bare | {"colour": {"deep": [1, None]}}).encode()))
    assert letters == []
    empty = {name: getattr(events, name)[0] for name in (*TEXTS, *NUMBERS) if name not in bare}
    assert empty.pop("quantity") == 1.0
    assert set(empty.values()) == {"", 0.0}


def test_columns_have_the_types_of_the_tables() -> None:
    events, _ = decode(*(Record(at, b"u1", json.dumps(ORDER).encode()) for at in range(3)), topic="carts")
    assert (events.type.tolist(), events.type.dtype) == ([7, 7, 7], np.uint8)
    assert (events.ts.dtype, events.offset.dtype) == (np.int64, np.int64)
    assert {getattr(events, name).dtype for name in NUMBERS} == {np.dtype(np.float64)}
    assert events.amount.tolist() == [9.9] * 3


def test_no_records_are_no_events() -> None:
    events, letters = decode()
    assert (len(events), letters) == (0, [])


def test_keys_are_compared_one_by_one() -> None:
    """The users a and b together read as the one user a, line break, b would."""
    events, letters = decode(Record(0, b"a\nb", view(user_id="a")), Record(1, b"", view(user_id="b")))
    assert (len(events), len(letters)) == (0, 2)


names = st.text(max_size=4)
good_events = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["view", "click", "search", "wink"]),
        "event_id": st.text(min_size=1, max_size=3),
        "user_id": st.text("ab\n", min_size=1, max_size=2),
        "ts": st.sampled_from([NOW_MS, NOW_MS + 4_000_000, 5]),
    },
    optional={"item": names, "query": names, "brand": names, "price": st.floats(), "extra": st.just({})},
)


@st.composite
def records(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Mostly events, some cut in two or put together, so that pieces may fit those of the neighbours."""
    event = draw(good_events)
    text = json.dumps(event, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    cut = draw(st.integers(0, len(text)))
    value = draw(st.sampled_from([text, text, text, text + text, b"\n" + text, text[:cut], text[cut:], b" ", b"{}"]))
    return draw(st.sampled_from([event["user_id"].encode(), event["user_id"].encode(), b"a"])), value


@given(st.lists(records(), max_size=6))
def test_a_run_decodes_as_its_records_do_one_by_one(run: list[tuple[bytes, bytes]]) -> None:
    decoder = Decoder("clicks")
    together = decoder.decode(0, [Record(at, key, value) for at, (key, value) in enumerate(run)])
    single = [decoder.decode(0, [Record(at, key, value)]) for at, (key, value) in enumerate(run)]

    assert together.dead_letters == [letter for one in single for letter in one.dead_letters]
    for name in ("offset", "type", "ts", *TEXTS, *NUMBERS):
        assert list(getattr(together.events, name)) == [value for one in single for value in getattr(one.events, name)]


def test_an_odd_record_among_plain_ones_keeps_its_place() -> None:
    odd = json.dumps(GOOD | {"item": "Möbel", "event_id": "odd"}).encode()  # an escape
    values = [view(event_id="first"), odd, view(event_id="last"), b"{}"]
    events, letters = decode(*(Record(7, b"u1", value) for value in values))
    assert events.event_id.tolist() == ["first", "odd", "last"]
    assert events.item.tolist() == ["i1", "Möbel", "i1"]
    assert events.price.tolist() == [2.5] * 3
    assert len(letters) == 1
