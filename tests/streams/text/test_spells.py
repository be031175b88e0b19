"""Spells of overload: what is told, and what reads meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.text.checkpoint import load
from schemas.records import Record
from schemas.topics import ALERTS_SYSTEM, REVIEWS
from streams.clickhouse.reader import Reader
from streams.settings import Settings
from streams.text.lag import Overload
from streams.text.spells import Spells
from tests.finishing import finish
from tests.streams.text.desk import Choosy, desk
from tests.streams.worker.on_topic import messages
from tests.streams.worker.runs import record
from tests.waiting import wait_until

LIMIT_S = 0.5


@pytest.fixture
def choosy(text_model: Path) -> Iterator[Choosy]:
    engine = Choosy(load(text_model))
    yield engine
    engine.close()


def told(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(value) for _, value in messages(settings, ALERTS_SYSTEM)]


def rows(reader: Reader) -> list[tuple[Any, ...]]:
    query = "SELECT alert_id, subject, value > threshold FROM system_alerts FINAL WHERE kind = 'text.lag'"
    return reader.query(f"{query} ORDER BY raised_ms")


def late(offset: int) -> Record:
    """Of 2023."""
    return record(REVIEWS, offset)


@pytest.mark.parametrize("fallback", ["none", "truncated", "int8"])
def test_a_spell_is_told_when_it_begins_and_when_it_ends(
    for_texts: Settings, choosy: Choosy, reader: Reader, fallback: str
) -> None:
    settings = replace(for_texts, text_lag_alert_s=LIMIT_S, text_fallback=fallback)

    async def work() -> None:
        async with desk(settings, choosy) as made:
            await made.take(0, 1)
            choosy.held = []
            await made.run([late(0)], partition=1)
            await made.pause_until(lambda: len(rows(reader)) == 1)
            assert 'footfall_text_lag_seconds{partition="1"}' in made.metrics.exposed().decode()
            assert "footfall_text_overloaded 1.0" in made.metrics.exposed().decode()
            held, choosy.held = choosy.held, None
            held[0].set_result(choosy.score(["so so"]))
            await made.work([late(1)], partition=1)
            await made.pause_until(lambda: len(rows(reader)) == 2)
            await made.work([late(2)], partition=1)

    finish(work())
    (begun, _, begins), (ended, subject, still) = rows(reader)
    assert (subject, begins, still) == ("partition 1", 1, 0)
    wait_until(lambda: [one["alert_id"] for one in told(settings)] == [begun, ended], 10, "both are told, once")
    assert "behind on reviews, partition 1; told from 0.5 s on" in told(settings)[0]["text"]
    tier = "" if fallback == "none" else fallback
    # Before the spell, the test's own, within it, and after it.
    assert choosy.tiers == ["", "", tier, ""]
    kept = reader.query("SELECT tier FROM review_scores FINAL ORDER BY offset")
    assert kept[1] == (tier or "fp32",)


def test_who_takes_over_goes_on_with_a_spell(for_texts: Settings, choosy: Choosy, reader: Reader) -> None:
    settings = replace(for_texts, text_lag_alert_s=LIMIT_S, text_fallback="truncated")

    async def work() -> None:
        async with desk(settings, choosy) as made:
            await made.take(0, 1)
            choosy.held = []
            await made.run([late(0)], partition=1)
            await made.pause_until(lambda: len(rows(reader)) == 1)
        async with desk(settings, choosy, worker="w2") as made:
            await made.take(1)
            await made.run([late(0)], partition=1)
            await made.pause_until(lambda: len(choosy.held) == 2)
            assert choosy.tiers[-1] == "truncated"
            assert len(rows(reader)) == 1
            held, choosy.held = choosy.held, None
            held[-1].set_result(choosy.score(["so so"]))
            await made.pause_until(lambda: len(rows(reader)) == 2)

    finish(work())
    assert len({one["alert_id"] for one in told(settings)}) == 2


def test_a_lag_near_the_limit_is_one_spell() -> None:
    overload = Overload(limit_s=60)
    lags = [59, 61, 59, 61, 31, 29, 31, 29, 29]
    assert [overload.note(lag, now_s=5 * at) for at, lag in enumerate(lags)] == [False] + 8 * [True]
    assert not overload.note(29, now_s=5 * len(lags))


def test_an_end_is_after_its_beginning_whatever_the_clock_does() -> None:
    spells = Spells("tiny", limit_s=1)
    (begun,) = spells.note({0: 1.5, 1: 2.5}, now_ms=10_000)
    assert (begun.subject, begun.value, begun.day) == ("partition 1", 2.5, "1970-01-01")
    assert spells.note({0: 3.0}, now_ms=11_000) == []
    assert spells.note({0: 0.1}, now_ms=8_000) == []
    (ended,) = spells.note({0: 0.1}, now_ms=9_000)
    assert ended.raised_ms > begun.raised_ms
    assert ended.alert_id != begun.alert_id
