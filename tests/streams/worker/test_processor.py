"""One run at a time: what is new of it, where it goes, and what of it is no event."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from schemas.topics import ALERTS_CHURN, ALERTS_FRAUD, CARTS, CLICKS, DEAD_LETTERS, LABELS
from streams.clickhouse.reader import Reader
from streams.errors import Fatal
from streams.settings import Settings
from streams.worker.delivery import Delivery
from streams.worker.processor import Outcome
from tests.streams.worker.models_at_hand import WARM
from tests.streams.worker.on_topic import messages
from tests.streams.worker.owner import Owner, partition
from tests.streams.worker.runs import broken, record, run_from, run_of

DEADLINE_S = 20.0

Alone = Callable[..., Owner]


def offsets(outcome: Outcome) -> list[int]:
    """Of the rows that it leaves."""
    assert outcome.scored is not None
    found: list[int] = outcome.scored.events.offset.tolist()
    return found


def test_duplicates_are_told_within_a_run_and_across_runs(alone: Alone) -> None:
    first, second = alone(duplicate_window=100).process(
        run_of(CLICKS, [record(CLICKS, 0, 1), record(CLICKS, 1, 2), record(CLICKS, 2, 1)]),
        run_of(CLICKS, [record(CLICKS, 3, 2), record(CLICKS, 4, 3)]),
    )
    assert (offsets(first), first.n_duplicates, first.n_records, first.n_rows) == ([0, 1], 1, 3, 2)
    assert (offsets(second), second.n_duplicates, second.n_records, second.n_rows) == ([4], 1, 2, 1)


def test_an_event_that_comes_again_beyond_the_window_counts_again(alone: Alone) -> None:
    owner = alone(duplicate_window=10)
    _, inside, _, beyond = owner.process(
        run_of(CLICKS, [record(CLICKS, 0, 1)]),
        run_of(CLICKS, [record(CLICKS, 10, 1)]),
        run_of(CLICKS, [record(CLICKS, 11, 2)]),
        run_of(CLICKS, [record(CLICKS, 12, 1)]),
    )
    assert (offsets(inside), offsets(beyond)) == ([], [12])
    assert inside.n_duplicates == 1
    assert owner.processor.profiles[0].tables["user"].profiles.totals[:, 0].sum() == 3


def test_an_event_is_a_duplicate_of_the_same_shopper_topic_and_partition_alone(alone: Alone) -> None:
    owner = alone()
    owner.begin(1)
    outcomes = owner.process(
        run_of(CLICKS, [record(CLICKS, 0, 1), record(CLICKS, 1, 1, user_id="bob")]),
        run_of(CARTS, [record(CARTS, 0, 1)]),
        run_of(CLICKS, [record(CLICKS, 0, 1)], partition=1),
    )
    assert [outcome.n_duplicates for outcome in outcomes] == [0, 0, 0]


def test_records_up_to_the_position_are_skipped(alone: Alone) -> None:
    owner = alone(duplicate_window=0)
    owner.claims.logs[CLICKS, 0].position = 4
    partly, wholly = owner.process(run_from(CLICKS, 2, 7), run_from(CLICKS, 0, 7))
    assert offsets(partly) == [5, 6, 7]
    assert (partly.first, partly.n_records, len(partly.identity)) == (5, 3, 3)
    assert wholly.scored is None
    assert (wholly.n_records, wholly.n_rows, len(wholly.identity)) == (0, 0, 0)
    assert owner.claims.logs[CLICKS, 0].position == 7
    assert owner.costs.counts["records"] == 3


def test_a_position_is_that_of_its_own_topic(alone: Alone) -> None:
    owner = alone()
    owner.process(run_from(CLICKS, 0, 9))
    (carts,) = owner.process(run_from(CARTS, 5, 6))
    assert offsets(carts) == [5, 6]


def test_labels_go_to_the_labels(alone: Alone) -> None:
    owner = alone()
    (outcome,) = owner.process(run_of(LABELS, [record(LABELS, 0), record(LABELS, 1), record(LABELS, 2, 1)]))
    assert outcome.scored is None
    assert outcome.labels is not None
    assert outcome.labels.offset.tolist() == [0, 1]
    assert outcome.n_duplicates == 1
    assert len(owner.processor.profiles[0]) == 0


def test_a_run_without_a_usable_record_is_taken_in(sending: Owner, on_broker: Settings) -> None:
    (outcome,) = sending.work(run_of(CLICKS, [broken(0), broken(2)]))
    assert (outcome.n_records, outcome.n_rows, len(outcome.dead_letters)) == (2, 0, 2)
    assert outcome.identity.tolist() == [0, 0, 0]
    assert len(messages(on_broker, DEAD_LETTERS)) == 2


def test_dead_letters_leave_their_neighbours_alone(sending: Owner, on_broker: Settings, reader: Reader) -> None:
    bad = b'{"type": "purchase", "amount": "a lot"}'
    records = [record(CARTS, 0), broken(1, bad), record(CARTS, 2), broken(3, b"", b"\xff"), record(CARTS, 4)]
    (outcome,) = sending.work(run_of(CARTS, records))
    assert offsets(outcome) == [0, 2, 4]
    assert [letter.offset for letter in outcome.dead_letters] == [1, 3]
    np.testing.assert_array_equal(outcome.identity != 0, [True, False, True, False, True])
    found = sorted(
        ((key, json.loads(value)) for key, value in messages(on_broker, DEAD_LETTERS)), key=lambda one: one[1]["offset"]
    )
    assert [key for key, _ in found] == [b"carts-0-1", b"carts-0-3"]
    assert base64.b64decode(found[0][1]["value"]) == bad
    assert [(one["topic"], one["partition"], one["offset"]) for _, one in found] == [(CARTS, 0, 1), (CARTS, 0, 3)]
    assert all(one["reason"] for _, one in found)
    assert reader.query("SELECT offset FROM dead_letters ORDER BY offset") == [(1,), (3,)]
    assert reader.query("SELECT offset FROM events ORDER BY offset") == [(0,), (2,), (4,)]
    assert reader.query("SELECT records, rows, dead_letters FROM ledger WHERE records > 0") == [(5, 3, 2)]


@pytest.mark.parametrize(("key_bytes", "value_bytes"), [(3, 1_000_000), (400_001, 0), (390_000, 600_000)])
def test_a_dead_letter_that_is_too_large_for_a_message_is_in_the_table(
    sending: Owner, on_broker: Settings, reader: Reader, key_bytes: int, value_bytes: int
) -> None:
    """In base64 it is larger than the record was."""
    bad = broken(1, b"x" * value_bytes, b"k" * key_bytes)
    (outcome,) = sending.work(run_of(CLICKS, [record(CLICKS, 0), bad, record(CLICKS, 2)]))
    assert offsets(outcome) == [0, 2]
    ((key, message),) = messages(on_broker, DEAD_LETTERS)
    letter = json.loads(message)
    assert (key, letter["offset"], letter["key"], letter["value"]) == (b"clicks-0-1", 1, "", "")
    assert f"a record of {key_bytes + value_bytes} bytes: it is in the table dead_letters only" in letter["reason"]
    assert reader.query("SELECT length(key), length(value) FROM dead_letters") == [(key_bytes, value_bytes)]


@pytest.mark.parametrize(("key_bytes", "value_bytes"), [(0, 400_000), (400_000, 0)])
def test_the_largest_dead_letters_that_fit_are_delivered_whole(
    sending: Owner, on_broker: Settings, key_bytes: int, value_bytes: int
) -> None:
    sending.work(run_of(CLICKS, [broken(0, os.urandom(value_bytes), os.urandom(key_bytes))]))
    ((_, message),) = messages(on_broker, DEAD_LETTERS)
    letter = json.loads(message)
    assert [len(base64.b64decode(letter[name])) for name in ("key", "value")] == [key_bytes, value_bytes]


def test_alerts_go_to_the_topic_of_their_kind_under_their_ids(sending: Owner, on_broker: Settings) -> None:
    sending.follow(WARM)
    (outcome,) = sending.work(run_from(CARTS, 0, 1))
    by_kind = {"fraud": ALERTS_FRAUD, "churn": ALERTS_CHURN}
    for kind, topic in by_kind.items():
        expected = sorted(alert.to_json() for alert in outcome.alerts if alert.kind == kind)
        assert len(expected) == (2 if kind == "fraud" else 1)
        found = messages(on_broker, topic)
        assert sorted(value for _, value in found) == expected
        assert all(key.decode() == json.loads(value)["alert_id"] for key, value in found)


def test_mostly_dead_letters_stop_the_worker_before_any_is_sent(alone: Alone) -> None:
    owner = alone(dead_letter_run=4, dead_letter_ratio=0.5)
    with pytest.raises(Fatal, match=r"3 of the last 4 records of clicks partition 0 .*offset 3"):
        owner.process(run_of(CLICKS, [record(CLICKS, 0), *(broken(offset) for offset in (1, 2, 3))]))
    assert owner.claims.logs[CLICKS, 0].position == -1


def test_an_event_from_the_future_is_a_dead_letter(sending: Owner) -> None:
    (outcome,) = sending.process(run_of(CLICKS, [record(CLICKS, 0), record(CLICKS, 1, ts=1_900_000_000_000)]))
    assert offsets(outcome) == [0]
    assert "ts" in outcome.dead_letters[0].reason
    assert outcome.max_ts_ms < 1_900_000_000_000


def test_what_is_not_in_memory_is_asked_for(owner: Alone, reader: Reader) -> None:
    first, second = owner(worker="w1"), owner(worker="w2")
    first.take(partition(0))
    first.work(run_from(CLICKS, 0, 9))
    second.take(partition(0))
    (outcome,) = second.work(run_from(CLICKS, 5, 12))
    assert offsets(outcome) == [10, 11, 12]
    assert reader.query("SELECT total_events FROM profiles FINAL WHERE kind_name = 'user' AND id = 'ann'") == [(13,)]


def test_clean_rows_unused_for_longest_are_forgotten(alone: Alone) -> None:
    owner = alone()
    owner.process(*(run_from(CLICKS, at, at, user_id=f"user {at}", item=f"item {at}") for at in range(20)))
    profiles = owner.processor.profiles[0]
    owner.processor.trim(10)
    assert len(profiles) == 40, "nothing of it is durable"
    for part in owner.cut().dirty:
        profiles.tables[part.kind].written(part.rows)
    owner.processor.trim(40)
    assert len(profiles) == 40
    owner.processor.trim(20)
    assert 0 < len(profiles) <= 20
    kept = {id for id in (f"user {at}" for at in range(20)) if profiles.tables["user"].locate([id])[0] >= 0}
    assert kept == {f"user {at}" for at in range(20 - len(kept), 20)}


@pytest.fixture
def sending(on_broker: Settings, owner: Alone, delivery: Delivery) -> Owner:
    """Owns partition 0; models that have learnt would alert at almost any score."""
    settings = replace(on_broker, fraud_threshold=1e-9, churn_threshold=1e-9, alert_suppress_hours=0.0)
    made = owner(settings=settings, delivery=delivery)
    made.take(partition(0))
    return made
