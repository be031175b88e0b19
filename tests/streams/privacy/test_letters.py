from __future__ import annotations

import json

import pytest

from models.pseudonyms import Pseudonyms
from schemas.deadletters import DeadLetter
from schemas.identifiers import pseudonym
from streams.privacy.letters import is_pseudonymised, people_of, pseudonymised

KEY = b"0123456789abcdef"
ANN, CARD = "ann@example.org", "4111 2222"


def letter(value: bytes, key: bytes = ANN.encode()) -> DeadLetter:
    return DeadLetter(topic="carts", partition=0, offset=7, record_ts=1, reason="amount: no", key=key, value=value)


def kept(value: bytes, key: bytes = ANN.encode()) -> DeadLetter:
    return pseudonymised(letter(value, key), Pseudonyms(KEY), KEY)


def test_identifiers_of_a_letter_are_replaced_and_the_rest_of_the_contract_stays() -> None:
    value = {"type": "purchase", "user_id": ANN, "card": CARD, "amount": "a lot", "ts": 5, "email": ANN}
    made = kept(json.dumps(value).encode())
    assert made.key.decode() == pseudonym(KEY, "user", ANN)
    assert json.loads(made.value) == {
        "pseudonymised": True,
        "type": "purchase",
        "user_id": pseudonym(KEY, "user", ANN),
        "card": pseudonym(KEY, "card", CARD),
        "amount": "a lot",
        "ts": 5,
    }
    assert (made.topic, made.offset, made.reason) == ("carts", 7, "amount: no")


@pytest.mark.parametrize(
    "value",
    [
        b"no JSON, but ann@example.org",
        b'["ann@example.org"]',
        b'{"user_id": "bob", "user_id": "ann@example.org"}',
        b'{"user_id": "ann@example.org", ',
        b'"ann@example.org"',
        b"\xff\xfe ann@example.org",
    ],
)
def test_what_is_no_object_is_withheld(value: bytes) -> None:
    made = kept(value)
    assert b"ann" not in made.value + made.key
    assert json.loads(made.value)["withheld_bytes"] == len(value)
    assert json.loads(made.value)["withheld_hmac"] != json.loads(kept(value + b" ").value)["withheld_hmac"]


@pytest.mark.parametrize("held", [["ann@example.org"], {"id": "ann@example.org"}, {"a": {"b": ["ann@example.org"]}}])
def test_identifiers_in_a_place_of_no_identifier_are_withheld(held: object) -> None:
    made = kept(json.dumps({"user_id": held, "item": held}).encode(), key=b"")
    assert b"ann" not in made.value
    assert made.key == b""


def test_a_number_as_identifier_is_one() -> None:
    assert json.loads(kept(b'{"user_id": 17}').value)["user_id"] == pseudonym(KEY, "user", "17")


def test_numbers_and_texts_that_only_python_reads_are_kept() -> None:
    made = json.loads(kept(b'{"user_id": "a", "quantity": 1' + b"0" * 40 + b', "item": "\\ud800"}').value)
    assert (made["quantity"], made["item"]) == (10**40, "\ud800")


def test_a_letter_tells_whether_it_is_what_was_sent() -> None:
    assert is_pseudonymised(kept(b"{}"))
    assert is_pseudonymised(kept(b"?"))
    assert not is_pseudonymised(letter(b"{}"))


@pytest.mark.parametrize(
    ("key", "value", "people"),
    [
        (b"ann", b"garbage", {"ann"}),
        (b"", b'{"user_id": "bob"}', {"bob"}),
        (b"ann", b'{"user_id" : "b\\u006fb"', {"ann", "bob"}),
        (b"\xff", b'{"user_id": 17}', {"\ufffd", "17"}),
        (b"", b'{"user_id": "a\\"b"}', {'a"b'}),
        (b"", b'{"text": "ann"}', set()),
    ],
)
def test_whose_a_record_is(key: bytes, value: bytes, people: set[str]) -> None:
    assert people_of(key, value) == people
