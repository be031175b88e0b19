from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.text.checkpoint import load
from models.text.engine import TextEngine
from schemas.decode import Decoder
from schemas.events import ReviewScored, review_id
from schemas.records import Record
from schemas.topics import DEAD_LETTERS, REVIEW_TEXTS, REVIEWS, REVIEWS_SCORED
from streams.clickhouse.reader import Reader
from streams.errors import Fatal
from streams.settings import Settings
from streams.text.intake import PORTION_RECORDS
from tests.finishing import finish
from tests.streams.text.desk import Choosy, desk
from tests.streams.worker.on_topic import records
from tests.streams.worker.runs import broken, record

TEXTS = ("love it.", "it broke, and nobody answers.", "?", "这件衣服质量很好", "so so", "it's what i ordered!")


def review(offset: int, number: int | None = None, **fields: Any) -> Record:
    number = offset if number is None else number
    user = f"ann {number % 3}"
    text = fields.pop("text", TEXTS[number % len(TEXTS)])
    return record(REVIEWS, offset, number, user_id=user, item=f"item {number % 5}", text=text, rating=4, **fields)


def reviews(first: int, last: int) -> list[Record]:
    """A different review at each offset, both included."""
    return [review(offset) for offset in range(first, last + 1)]


@pytest.fixture
def choosy(text_model: Path) -> Iterator[Choosy]:
    engine = Choosy(load(text_model))
    yield engine
    engine.close()


def rows(reader: Reader) -> dict[str, Any]:
    names = "topic, partition, offset, event_id, user_id, item, ts, rating, negative, neutral, positive, sentiment"
    more = "expected_rating, embedding, n_tokens, truncated, model, tier, written_ms"
    return reader.columns(f"SELECT {names}, {more} FROM review_scores FINAL ORDER BY partition, offset")


def ledger(reader: Reader) -> list[tuple[Any, ...]]:
    return reader.query(
        "SELECT partition, first, last, records, rows, duplicates, dead_letters, passed FROM ledger FINAL"
        f" WHERE topic = '{REVIEW_TEXTS}' ORDER BY partition, first, epoch"
    )


def test_each_review_is_a_row_and_a_message(for_texts: Settings, engine: TextEngine, reader: Reader) -> None:
    async def work() -> None:
        async with desk(for_texts, engine) as made:
            await made.take(0, 1)
            await made.work(reviews(0, 39), partition=1)
            await made.work(reviews(40, 49), reviews(50, 59), partition=1)
            assert made.acked == [(1, 39), (1, 49), (1, 59)]
            await made.pipeline.on_stop()
            assert made.failures == []

    finish(work())
    found = rows(reader)
    wanted = engine.score([TEXTS[n % len(TEXTS)] for n in range(60)])
    assert found["offset"].tolist() == list(range(60))
    assert set(found["topic"]) == {REVIEW_TEXTS}
    assert set(found["partition"].tolist()) == {1}
    assert found["event_id"] == [f"event {n}" for n in range(60)]
    assert (set(found["model"]), set(found["tier"])) == ({wanted.model}, {wanted.tier})
    for name, column in wanted.columns.items():
        np.testing.assert_allclose(np.stack(found[name]), column, atol=1e-5)
    assert found["n_tokens"].tolist() == wanted.n_tokens.tolist()
    assert ledger(reader) == [(1, 0, 39, 40, 40, 0, 0, 0), (1, 40, 49, 10, 10, 0, 0, 0), (1, 50, 59, 10, 10, 0, 0, 0)]

    sent = records(for_texts, REVIEWS_SCORED)
    events, bad = Decoder(REVIEWS_SCORED).decode(1, sent)
    assert bad == []
    assert {one.partition for one in sent} == {1}
    assert events.event_id.tolist() == found["event_id"]
    assert events.user_id.tolist() == found["user_id"]
    ids = map(review_id, found["user_id"], found["event_id"])
    assert [one.key.decode() for one in sent] == list(ids)
    assert (events.item.tolist(), events.ts.tolist()) == (found["item"], found["ts"].tolist())
    assert events.rating.tolist() == found["rating"].tolist()
    assert set(events.type.tolist()) == {ReviewScored.code}
    np.testing.assert_allclose(events.sentiment, found["sentiment"], atol=1e-6)
    assert "text" not in json.loads(sent[0].value)


def test_records_that_are_no_reviews_are_passed_over(for_texts: Settings, engine: TextEngine, reader: Reader) -> None:
    async def work() -> None:
        async with desk(for_texts, engine) as made:
            await made.take(0)
            await made.work([broken(0), review(1), broken(2, b'{"type": "view"}'), review(3)], [broken(4), broken(5)])
            assert made.failures == []

    finish(work())
    assert rows(reader)["offset"].tolist() == [1, 3]
    assert ledger(reader) == [(0, 0, 3, 4, 2, 0, 0, 2), (0, 4, 5, 2, 0, 0, 0, 2)]
    assert reader.query("SELECT count() FROM dead_letters") == [(0,)]
    assert len(records(for_texts, REVIEWS_SCORED)) == 2


def test_stars_without_a_text_are_passed_over(for_texts: Settings, engine: TextEngine, reader: Reader) -> None:
    async def work() -> None:
        async with desk(for_texts, engine) as made:
            await made.take(0)
            await made.work([review(0, text=""), review(1), review(2, text=" \n")])
            assert made.failures == []

    finish(work())
    assert rows(reader)["offset"].tolist() == [1]
    assert ledger(reader) == [(0, 0, 2, 3, 1, 0, 0, 2)]


def test_a_review_that_was_sent_twice_counts_once(for_texts: Settings, engine: TextEngine, reader: Reader) -> None:
    """Also where another worker saw it first."""

    async def first() -> None:
        async with desk(for_texts, engine) as made:
            await made.take(0)
            await made.work([review(0), review(1), review(2, 0)])

    async def second() -> None:
        async with desk(for_texts, engine, worker="w2") as made:
            await made.take(0)
            await made.work([review(3, 1), review(4)])

    finish(first())
    finish(second())
    assert rows(reader)["offset"].tolist() == [0, 1, 4]
    assert ledger(reader) == [(0, 0, 2, 3, 2, 1, 0, 0), (0, 3, 4, 2, 1, 1, 0, 0)]


def test_what_is_done_and_comes_again_changes_nothing(for_texts: Settings, engine: TextEngine, reader: Reader) -> None:
    async def first() -> None:
        async with desk(for_texts, engine) as made:
            await made.take(0)
            await made.work(reviews(0, 9))

    async def second() -> None:
        async with desk(for_texts, engine, worker="w2") as made:
            await made.take(0)
            await made.work(reviews(0, 9), reviews(5, 14))
            assert made.acked == [(0, 9), (0, 14)]

    finish(first())
    finish(second())
    assert ledger(reader) == [(0, 0, 9, 10, 10, 0, 0, 0), (0, 10, 14, 5, 5, 0, 0, 0)]
    assert len(records(for_texts, REVIEWS_SCORED)) == 15
    assert reader.query("SELECT count() FROM review_scores") == [(15,)]


def test_what_was_written_without_the_ledger_is_written_again(
    for_texts: Settings, engine: TextEngine, reader: Reader
) -> None:
    """As a worker leaves it that ends before the last step of a flush."""

    async def work(worker: str) -> None:
        async with desk(for_texts, engine, worker=worker) as made:
            await made.take(0)
            await made.work(reviews(0, 9))

    finish(work("w1"))
    reader.query(f"DELETE FROM ledger WHERE topic = '{REVIEW_TEXTS}'")
    finish(work("w2"))
    assert rows(reader)["offset"].tolist() == list(range(10))
    sent = [json.loads(one.value)["event_id"] for one in records(for_texts, REVIEWS_SCORED)]
    assert sorted(sent) == sorted(2 * [f"event {n}" for n in range(10)])


def test_a_long_run_is_done_in_portions(for_texts: Settings, engine: TextEngine, reader: Reader) -> None:
    n = 2 * PORTION_RECORDS + 5

    async def work() -> None:
        async with desk(for_texts, engine) as made:
            await made.take(0)
            await made.work([broken(0), *reviews(1, n - 1)])
            assert made.acked == [(0, n - 1)]

    finish(work())
    assert rows(reader)["offset"].tolist() == list(range(1, n))
    spans = [(first, last) for _, first, last, *_ in ledger(reader)]
    assert spans == [(0, PORTION_RECORDS - 1), (PORTION_RECORDS, 2 * PORTION_RECORDS - 1), (2 * PORTION_RECORDS, n - 1)]


def test_a_text_that_can_not_be_scored_is_a_dead_letter(for_texts: Settings, choosy: Choosy, reader: Reader) -> None:
    bad = review(1, text="unreadable, secret")

    async def work() -> None:
        async with desk(for_texts, choosy) as made:
            await made.take(1)
            await made.work([review(0), bad, review(2)], partition=1)
            exposed = made.metrics.exposed().decode()
            assert 'footfall_text_dead_letters_total{reason="tokens"} 1.0' in exposed
            assert "secret" not in exposed

    finish(work())
    assert rows(reader)["offset"].tolist() == [0, 2]
    assert ledger(reader) == [(1, 0, 2, 3, 2, 0, 1, 0)]
    kept = reader.query("SELECT topic, partition, offset, reason, key, value FROM dead_letters FINAL")
    assert kept == [(REVIEW_TEXTS, 1, 1, "tokens: there are none", bad.key.decode(), bad.value.decode())]
    (letter,) = records(for_texts, DEAD_LETTERS)
    assert (json.loads(letter.value)["topic"], json.loads(letter.value)["offset"]) == (REVIEW_TEXTS, 1)
    assert len(records(for_texts, REVIEWS_SCORED)) == 2


def test_a_stream_of_texts_that_can_not_be_scored_stops_the_worker(
    for_texts: Settings, choosy: Choosy, reader: Reader
) -> None:
    async def work() -> None:
        async with desk(replace(for_texts, dead_letter_run=20), choosy) as made:
            await made.take(0)
            await made.run([review(n, text="unreadable") for n in range(30)])
            await made.until(lambda: made.failures)
            assert isinstance(made.failures[0], Fatal)
            assert made.acked == []

    finish(work())
    assert reader.query("SELECT count() FROM dead_letters") == [(0,)]


@pytest.mark.parametrize("at", ["submit", "score"])
def test_an_engine_that_fails_stops_the_worker(for_texts: Settings, choosy: Choosy, at: str) -> None:
    async def work() -> None:
        async with desk(for_texts, choosy) as made:
            await made.take(0)
            if at == "submit":
                choosy.close()
            else:
                choosy.failure = RuntimeError("out of memory while reading 'secret'")
            await made.run(reviews(0, 9))
            await made.until(lambda: made.failures)
            why = {"submit": "the text engine was closed", "score": "RuntimeError"}[at]
            assert str(made.failures[0]) == f"the text engine failed: {why}"
            assert made.pipeline.unwell == "no progress"
            assert made.acked == []

    finish(work())


def test_at_most_two_windows_are_in_the_engine(for_texts: Settings, choosy: Choosy) -> None:
    async def work() -> None:
        async with desk(replace(for_texts, text_window=50), choosy) as made:
            await made.take(0)
            choosy.held = []
            runs = [asyncio.create_task(made.run(reviews(first, first + 39))) for first in (0, 40, 80, 120)]
            await asyncio.wait(runs, timeout=1)
            assert choosy.windows == [40, 40]
            assert not all(run.done() for run in runs), "there is no back-pressure"
            held, choosy.held = choosy.held, None
            texts = [TEXTS[n % len(TEXTS)] for n in range(80)]
            held[0].set_result(choosy.score(texts[:40]))
            held[1].set_result(choosy.score(texts[40:]))
            await made.until(lambda: len(made.acked) == 4)

    finish(work())


def test_what_the_engine_has_is_written_before_the_partitions_are_handed_over(
    for_texts: Settings, choosy: Choosy, reader: Reader
) -> None:
    async def work() -> None:
        async with desk(for_texts, choosy) as made:
            await made.take(0)
            choosy.held = []
            for first in (0, 10, 20, 30):
                await made.run(reviews(first, first + 9))
            held, sizes, choosy.held = choosy.held, list(choosy.windows), None
            revoked = asyncio.create_task(made.pipeline.on_revoked({(REVIEWS, 0)}))
            await made.pause_until(lambda: not made.pipeline._open)
            for future, n_texts in zip(held, sizes, strict=True):
                future.set_result(choosy.score(["so so"] * n_texts))
            await revoked
            done = sum(sizes)
            assert done < 40
            assert made.acked[-1] == (0, done - 1)
            # It has read on, and yet goes on where it left off.
            await made.take(0)
            await made.work(reviews(0, 39))

    finish(work())
    assert rows(reader)["offset"].tolist() == list(range(40))
    assert sum(n_rows for *_, n_rows, _, _, _ in ledger(reader)) == 40


def test_a_run_that_is_half_done_goes_on_where_it_was(for_texts: Settings, choosy: Choosy, reader: Reader) -> None:
    n = 4 * PORTION_RECORDS

    async def work() -> None:
        async with desk(for_texts, choosy) as made:
            await made.take(0)
            choosy.held = []
            await made.run(reviews(0, n - 1))
            await made.pause_until(lambda: len(choosy.held) == 2)
            held, choosy.held = choosy.held, None
            revoked = asyncio.create_task(made.pipeline.on_revoked({(REVIEWS, 0)}))
            await made.pause_until(lambda: not made.pipeline._open)
            for future in held:
                future.set_result(choosy.score(["so so"] * PORTION_RECORDS))
            await revoked
            assert made.acked == []
            assert sum(records for _, _, _, records, *_ in ledger(reader)) == 2 * PORTION_RECORDS
            await made.take(0)
            await made.work(reviews(0, n - 1))
            assert made.acked == [(0, n - 1)]

    finish(work())
    assert rows(reader)["offset"].tolist() == list(range(n))
    assert [n_rows for *_, n_rows, _, _, _ in ledger(reader)] == [PORTION_RECORDS] * 4


def test_partitions_that_are_taken_away_before_the_scores_are_there(
    for_texts: Settings, choosy: Choosy, reader: Reader
) -> None:
    async def work() -> None:
        async with desk(for_texts, choosy) as made:
            await made.take(0)
            choosy.held = []
            await made.run(reviews(0, 9))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(made.pipeline.on_revoked({(REVIEWS, 0)}), 0.2)
            choosy.held = None
            await made.take(0)
            await made.work(reviews(0, 9))
            assert made.acked == [(0, 9)]
            assert made.failures == []

    finish(work())
    assert ledger(reader) == [(0, 0, 9, 10, 10, 0, 0, 0)]


def test_a_worker_that_is_asked_to_leave_does_not_wait_for_the_engine_forever(
    for_texts: Settings, choosy: Choosy, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.text.pipeline.LEAVE_S", 0.2)

    async def work() -> None:
        async with desk(for_texts, choosy) as made:
            await made.take(0)
            await made.work(reviews(0, 9))
            choosy.held = []
            await made.run(reviews(10, 19))
            await made.pipeline.on_stop()
            assert made.acked == [(0, 9)]
            assert made.failures == []

    finish(work())
    assert len(ledger(reader)) == 1
