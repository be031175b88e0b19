"""What is late, double or broken: as much as was asked for, and as the truth has it."""

from __future__ import annotations

from collections import Counter

import numpy as np

from streams.simulate.broken import WAYS
from streams.simulate.shop import HOUR_MS
from tests.streams.simulate.conftest import SHOP, Read


def test_the_contract_takes_all_but_the_broken_ones(read: Read) -> None:
    broken = Counter(letter.topic for letter in read.dead_letters)
    assert broken == {topic: sent.broken for topic, sent in read.sent.items() if sent.broken}
    assert len({letter.value for letter in read.dead_letters}) == len(read.dead_letters)
    events = sum(sent.events for sent in read.sent.values())
    assert 0.8 * SHOP.broken < len(read.dead_letters) / events < 1.2 * SHOP.broken


def test_they_are_broken_in_all_ways(read: Read) -> None:
    assert len({letter.reason for letter in read.dead_letters}) >= len(WAYS)


def test_repeats_are_told(read: Read) -> None:
    assert read.events["event_id"].nunique() == sum(sent.events for sent in read.sent.values())
    repeats = read.events["event_id"].duplicated().sum()
    assert repeats == sum(sent.duplicates for sent in read.sent.values())
    assert 0.9 * SHOP.duplicates < repeats / len(read.events) < 1.1 * SHOP.duplicates


def test_some_come_hours_late(read: Read) -> None:
    ts = read.events["ts"].to_numpy()
    behind_ms = np.maximum.accumulate(ts) - ts
    by_an_hour = SHOP.late * np.exp(-1 / 6)
    assert 0.9 * by_an_hour < (behind_ms > HOUR_MS).mean() < 1.2 * by_an_hour


def test_the_sums_tell_which_events_they_were(read: Read) -> None:
    types = {"labels": ("fraud_label",), "reviews": ("review",), "clicks": ("view", "click", "search")}
    for topic, names in types.items():
        ids = read.events.loc[read.events["type"].isin(names), "event_id"].unique()
        numbers = [int(id.partition("-")[2]) for id in ids]
        sent = read.sent[topic]
        assert (sent.sum, sent.sum_of_squares) == (sum(numbers), sum(number**2 for number in numbers) % 2**64)
