"""The scan against msgspec: what it takes, msgspec takes alike; and it takes what producers usually send."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.batch import NUMBERS, TEXTS
from schemas.contract import Contract
from schemas.events import EVENTS_OF_TOPIC
from schemas.records import Records
from schemas.scan import Scanned, scan

NOW_MS = 1_700_000_000_000
AHEAD_MS = 1_000
CONTRACTS = {topic: Contract.of(topic) for topic in EVENTS_OF_TOPIC}
ORDER = {
    "type": "purchase",
    "event_id": "e1",
    "user_id": "u1",
    "ts": NOW_MS,
    "order_id": "o1",
    "amount": 12.34,
    "quantity": 2,
    "item": "Möbel",
    "colour": "red",
    "size": 7,
}


class Record(NamedTuple):
    value: bytes
    key: bytes | None = b"u1"
    offset: int = 0
    timestamp: int = NOW_MS


def scanned(*records: Record, topic: str = "carts") -> Scanned:
    return scan(CONTRACTS[topic], Records.of(records), max_ahead_ms=AHEAD_MS)


def event_of(value: bytes, found: Scanned, row: int = 0) -> dict[str, Any]:
    event: dict[str, Any] = {"ts": int(found.ts[row]), "code": int(found.type[row])}
    event |= {name: found.numbers[index, row] for index, name in enumerate(NUMBERS)}
    for index, name in enumerate(TEXTS):
        start = found.start[index, row]
        event[name] = value[start : start + found.size[index, row]].decode()
    return event


def check(value: bytes, topic: str) -> bool:
    """Whether it is plain; if so msgspec reads the same."""
    try:
        event = msgspec.json.decode(value, type=EVENTS_OF_TOPIC[topic])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        event = None
    key = event.user_id.encode() if event else b"u1"
    found = scanned(Record(value, key), topic=topic)
    if found.plain[0]:
        assert event is not None
        assert event_of(value, found) == {name: getattr(event, name) for name in ("ts", "code", *NUMBERS, *TEXTS)}
    return bool(found.plain[0])


PLAIN = {
    "compact": json.dumps(ORDER, separators=(",", ":"), ensure_ascii=False).encode(),
    "spaced": json.dumps(ORDER, ensure_ascii=False).encode(),
    "pretty": json.dumps(ORDER, ensure_ascii=False, indent=2).encode(),
    "space around": b" " + json.dumps(ORDER, ensure_ascii=False).encode() + b"\r\n",
    "unknown literals": json.dumps(ORDER | {"a": True, "b": False, "c": None}, ensure_ascii=False).encode(),
    "unknown and negative": json.dumps(ORDER | {"a": -7, "b": -0.5}, ensure_ascii=False).encode(),
    "type at the end": json.dumps(dict(reversed(ORDER.items())), ensure_ascii=False).encode(),
}
NOT_PLAIN = {
    "an escape": json.dumps(ORDER).encode(),
    "an exponent": PLAIN["compact"].replace(b"12.34", b"1e2"),
    "an exponent after decimals": PLAIN["compact"].replace(b"12.34", b"1.5E2"),
    "sixteen digits": PLAIN["compact"].replace(b"12.34", b"12.34567890123456"),
    "a field twice": PLAIN["compact"].replace(b'"size"', b'"item"'),
    "an object": PLAIN["compact"].replace(b'"red"', b"{}"),
    "what begins like a literal": PLAIN["compact"].replace(b'"red"', b"trues"),
    "a negative amount": PLAIN["compact"].replace(b"12.34", b"-12.34"),
    "a literal as text": PLAIN["compact"].replace(b'"o1"', b"true"),
}


@pytest.mark.parametrize("what", PLAIN)
def test_what_producers_send_is_plain(what: str) -> None:
    assert check(PLAIN[what], "carts")


@pytest.mark.parametrize("what", NOT_PLAIN)
def test_the_rest_is_left_to_msgspec(what: str) -> None:
    assert not check(NOT_PLAIN[what], "carts")


def test_every_cut_of_a_plain_event_is_told() -> None:
    whole = PLAIN["compact"]
    assert [check(whole[:size], "carts") for size in range(len(whole))] == [False] * len(whole)


@pytest.mark.parametrize(
    ("record", "is_plain"),
    [
        (Record(PLAIN["compact"]), True),
        (Record(PLAIN["compact"], key=b"u2"), False),
        (Record(PLAIN["compact"], key=b"u11"), False),
        (Record(PLAIN["compact"], key=None), False),
        (Record(PLAIN["compact"], timestamp=NOW_MS - AHEAD_MS), True),
        (Record(PLAIN["compact"], timestamp=NOW_MS - AHEAD_MS - 1), False),
        (Record(PLAIN["compact"].replace(b"red", b"\xff")), False),
    ],
)
def test_key_and_time_are_those_of_the_record(record: Record, is_plain: bool) -> None:
    assert scanned(record).plain.tolist() == [is_plain]


def test_rows_do_not_depend_on_their_neighbours() -> None:
    values = [*PLAIN.values(), *NOT_PLAIN.values(), b"", b"{", b'{"', *PLAIN.values()]
    found = scanned(*(Record(value, offset=offset) for offset, value in enumerate(values)))
    assert found.plain.tolist() == [value in PLAIN.values() for value in values]
    text = b"\n".join(values)
    for row in np.flatnonzero(found.plain).tolist():
        alone = scanned(Record(values[row]))
        assert event_of(text, found, row) == event_of(values[row], alone)


def test_labels_with_a_pattern_are_left_to_msgspec() -> None:
    label = {"type": "fraud_label", "event_id": "l1", "user_id": "u1", "ts": NOW_MS, "target": "e1", "verdict": "ok"}
    assert not check(json.dumps(label).encode(), "labels")


SCALARS = st.one_of(
    st.sampled_from(["", "x", "é", "x" * 128, "x" * 129, "view", "purchase", "review", "fraud", 'a"b', "\x7f", None]),
    st.text(max_size=6),
    st.integers(-5, 5),
    st.sampled_from([NOW_MS, NOW_MS + 1, 2**53 - 1, 2**53 + 1, 10**14, 10**15, 10**16, 2**63]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(0, 10**6, places=3).map(float),
    st.booleans(),
)
LIKELY = {
    "ts": st.sampled_from([NOW_MS, NOW_MS, NOW_MS, 5, "now"]),
    "type": st.sampled_from(["view", "search", "cart_add", "purchase", "return", "review", "wink"]),
    "event_id": st.sampled_from(["e1", "e" * 128, "e" * 129, ""]),
    "user_id": st.sampled_from(["u1", "ü", "u" * 128]),
}
FIELDS = st.dictionaries(st.sampled_from([*TEXTS, *NUMBERS, "more", "tsx", "t"]), SCALARS, max_size=6)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", "\n:\r")])


@settings(max_examples=400)
@given(
    likely=st.fixed_dictionaries(LIKELY),
    others=FIELDS,
    topic=st.sampled_from(sorted(EVENTS_OF_TOPIC)),
    separators=SEPARATORS,
    seed=st.randoms(use_true_random=False),
)
def test_what_is_plain_is_what_msgspec_reads(
    likely: dict[str, Any], others: dict[str, Any], topic: str, separators: tuple[str, str], seed: Any
) -> None:
    fields = list((others | likely).items())
    seed.shuffle(fields)
    check(json.dumps(dict(fields), separators=separators, ensure_ascii=False).encode("utf-8", "surrogatepass"), topic)


@settings(max_examples=400)
@given(
    place=st.integers(0, len(PLAIN["spaced"])),
    cut=st.integers(0, 3),
    put=st.one_of(
        st.binary(max_size=2), st.sampled_from([b'"', b"\\", b",", b":", b"}", b"{", b"0", b".", b"-", b"e"])
    ),
)
@example(place=0, cut=0, put=b"")
def test_what_is_plain_after_any_change_is_what_msgspec_reads(place: int, cut: int, put: bytes) -> None:
    whole = PLAIN["spaced"]
    check(whole[:place] + put + whole[place + cut :], "carts")


@given(st.integers(0, 10**15 - 1), st.integers(0, 14))
def test_numbers_are_read_to_the_last_bit(digits: int, decimals: int) -> None:
    text = str(digits).rjust(decimals + 1, "0")
    number = f"{text[: len(text) - decimals]}.{text[len(text) - decimals :]}" if decimals else text
    value = PLAIN["compact"].replace(b"12.34", number.encode())
    if float(number) <= 1e9 and len(number.replace(".", "")) <= 15:
        assert check(value, "carts")
    else:
        check(value, "carts")
