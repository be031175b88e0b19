from __future__ import annotations

import json

import pytest

from schemas.identifiers import digest
from streams.errors import Invalid
from streams.privacy.attempts import Attempt, removed
from streams.privacy.receipt import signed, verify

KEY = b"0123456789abcdef"


def receipt() -> dict[str, object]:
    return signed({"subject": digest(KEY, "user", "ann"), "tables": {"events": 3}, "reason": "Ö"}, KEY)


def test_a_receipt_is_right_however_it_is_written() -> None:
    for text in (json.dumps(receipt()), json.dumps(receipt(), indent=2, sort_keys=True, ensure_ascii=False)):
        assert verify(text.encode(), KEY, user_id="ann")["tables"] == {"events": 3}


@pytest.mark.parametrize(
    "change", [{"tables": {"events": 4}}, {"reason": ""}, {"more": 1}, {"signature": "0" * 64}, {"signature": "é"}]
)
def test_an_altered_one_isn_t(change: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="the signature isn't right"):
        verify(json.dumps(receipt() | change).encode(), KEY)


def test_nor_one_of_another_key_or_person() -> None:
    text = json.dumps(receipt()).encode()
    with pytest.raises(Invalid, match="signed with another key"):
        verify(text, KEY[::-1])
    with pytest.raises(Invalid, match="about somebody else"):
        verify(text, KEY, user_id="bob")


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"signature": 5}', b"\xff"])
def test_what_is_no_receipt_is_refused_in_a_line(text: bytes) -> None:
    with pytest.raises(Invalid, match="this is no receipt"):
        verify(text, KEY)


@pytest.mark.parametrize(
    ("attempts", "rows"),
    [
        ([], 0),
        ([(3, True)], 3),
        ([(3, True), (0, True)], 3),
        ([(3, True), (2, True)], 5),  # some came meanwhile
        ([(3, False), (3, True)], 3),  # nothing had gone
        ([(3, False), (0, True)], 3),  # all had gone
        ([(3, False), (1, False), (1, True), (0, True)], 3),
        ([(3, False), (5, True)], 5),
    ],
)
def test_rows_are_counted_once_across_runs_that_broke_off(attempts: list[tuple[int, bool]], rows: int) -> None:
    assert removed([Attempt(*attempt) for attempt in attempts]) == rows
