from __future__ import annotations

from dataclasses import replace

import pytest

from models.tombstones import Tombstone, Tombstones
from schemas.decode import Decoded, Decoder
from schemas.identifiers import pseudonym
from schemas.records import Record
from schemas.topics import CARTS, LABELS, REVIEWS_SCORED
from streams.errors import SettingError
from streams.privacy.ingest import Ingest
from streams.privacy.keys import stored_id
from streams.settings import Secret, Settings
from tests.streams.worker.runs import NOW_MS, broken, record

KEY = "0123456789abcdef"
PRIVATE = Settings(pseudonym_key=Secret(KEY))
ANN = pseudonym(KEY.encode(), "user", "ann")


def decoded(*records: Record, topic: str = CARTS) -> Decoded:
    return Decoder(topic).decode(0, records)


def ingest(settings: Settings, *erased: str) -> Ingest:
    made = Ingest(settings)
    made.tombstones = Tombstones(b"k", [Tombstone.of(b"k", "user", who) for who in erased], number=len(erased))
    return made


MIXED = (record(CARTS, 0), record(CARTS, 1, user_id="bob", card="4111"), broken(2), broken(3, key=b"bob"))


def test_without_pseudonyms_and_tombstones_all_is_as_it_was() -> None:
    given = decoded(*MIXED)
    admitted = ingest(Settings()).admit(given)
    assert admitted.events is given.events
    assert admitted.dead_letters == given.dead_letters
    assert admitted.n_erased == 0


@pytest.mark.parametrize(("settings", "who"), [(Settings(), "ann"), (PRIVATE, "ann"), (PRIVATE, ANN)])
def test_who_was_erased_is_left_out_whatever_name_was_given(settings: Settings, who: str) -> None:
    admitted = ingest(settings, who).admit(decoded(*MIXED))
    assert list(admitted.events.user_id) == [stored_id(settings, "bob")]
    assert [letter.offset for letter in admitted.dead_letters] == [3]
    assert admitted.n_erased == 2


def test_a_broken_record_is_hers_by_its_user_id_too() -> None:
    letter = broken(0, b'{"user_id": "ann", "amount": "a lot"}', b"bob")
    assert ingest(Settings(), "ann").admit(decoded(letter)).n_erased == 1


def test_pseudonyms_on_a_topic_of_ours_stay_and_ids_become_some() -> None:
    records = [
        Record(at, NOW_MS, b"an id", record(REVIEWS_SCORED, at, user_id=who).value)
        for at, who in enumerate((ANN, "ann"))
    ]
    given = decoded(*records, topic=REVIEWS_SCORED)
    assert given.dead_letters == []
    assert list(ingest(PRIVATE).admit(given).events.user_id) == [ANN, ANN]


def test_on_a_topic_of_ours_a_record_without_a_value_is_nothing_and_on_others_a_dead_letter() -> None:
    nothing = Record(0, NOW_MS, b"an id", None)
    admitted = ingest(Settings()).admit(decoded(nothing, topic=REVIEWS_SCORED))
    assert (len(admitted.events), admitted.dead_letters, admitted.n_erased) == (0, [], 1)
    assert len(ingest(Settings()).admit(decoded(nothing)).dead_letters) == 1


def test_a_verdict_on_an_alert_may_name_the_pseudonym_that_the_alert_had() -> None:
    labels = [record(LABELS, at, user_id=who) for at, who in enumerate((ANN, "ann"))]
    assert list(ingest(PRIVATE).admit(decoded(*labels, topic=LABELS)).events.user_id) == [ANN, ANN]


def test_an_id_is_looked_up_as_it_stands_in_the_tables() -> None:
    assert stored_id(Settings(), "ann") == "ann"
    assert stored_id(PRIVATE, "ann") == stored_id(PRIVATE, ANN) == ANN


def test_a_short_key_is_refused() -> None:
    with pytest.raises(SettingError, match="FOOTFALL_PSEUDONYM_KEY is too short"):
        Ingest(replace(PRIVATE, pseudonym_key=Secret("short")))
