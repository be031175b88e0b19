from __future__ import annotations

import numpy as np

from models.pseudonyms import Pseudonyms
from schemas.batch import NUMBERS, TEXTS, EventBatch
from schemas.identifiers import IDENTIFIERS, is_pseudonym, pseudonym
from schemas.texts import Texts
from schemas.topics import CARTS

KEY = b"0123456789abcdef"


def batch(**columns: list[str]) -> EventBatch:
    n = len(next(iter(columns.values())))
    texts = {name: Texts.of(columns[name]) if name in columns else Texts.absent(n) for name in TEXTS}
    numbers = {name: np.zeros(n) for name in NUMBERS}
    whole = np.arange(n)
    return EventBatch(topic=CARTS, partition=0, offset=whole, type=whole.astype(np.uint8), ts=whole, **texts, **numbers)


def test_identifiers_become_pseudonyms_and_nothing_else_changes() -> None:
    events = batch(
        user_id=["ann", "bob", "ann"],
        card=["4111", "", "4111"],
        ip=["::1"] * 3,
        device=["", "", "phone"],
        item=["x"] * 3,
    )
    made = Pseudonyms(KEY).events(events)
    for name, kind in IDENTIFIERS.items():
        assert list(getattr(made, name)) == [pseudonym(KEY, kind, value) for value in getattr(events, name)]
    others = ("offset", "type", "ts", *NUMBERS, *(name for name in TEXTS if name not in IDENTIFIERS))
    assert all(getattr(made, name) is getattr(events, name) for name in others)


def test_an_absent_identifier_stays_absent() -> None:
    assert list(Pseudonyms(KEY).events(batch(user_id=["ann"], card=[""])).card) == [""]
    assert pseudonym(KEY, "card", "") == ""


def test_a_value_of_two_kinds_and_of_two_keys_is_two_pseudonyms() -> None:
    made = {pseudonym(key, kind, "ann") for key in (KEY, KEY[::-1]) for kind in IDENTIFIERS.values()}
    assert len(made) == 2 * len(IDENTIFIERS)
    assert all(map(is_pseudonym, made))


def test_what_is_ours_isn_t_hashed_again_and_what_is_another_s_always_is() -> None:
    pseudonyms = Pseudonyms(KEY)
    known = pseudonyms.of("user", "ann")
    assert list(pseudonyms.events(batch(user_id=[known, "bob"]), ours=True).user_id) == [
        known,
        pseudonyms.of("user", "bob"),
    ]
    assert list(pseudonyms.events(batch(user_id=[known])).user_id) == [pseudonym(KEY, "user", known)]


def test_it_remembers_a_bounded_number_of_values() -> None:
    pseudonyms = Pseudonyms(KEY, remembered=4)
    names = [f"user-{n}" for n in range(20)]
    made = pseudonyms.events(batch(user_id=names)).user_id
    assert list(made) == [pseudonym(KEY, "user", name) for name in names]
    assert len(pseudonyms._known["user"]) <= 4
