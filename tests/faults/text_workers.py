"""Text workers that are killed, and what they have to have left behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models.duplicates import DuplicateWindow, identities
from models.text.engine import TextEngine
from schemas.decode import Decoder
from schemas.topics import REVIEW_TEXTS, REVIEWS, REVIEWS_SCORED
from streams.audit.lag import progress
from streams.audit.run import audit
from streams.clickhouse.reader import Reader
from streams.settings import Settings
from tests.faults.checker import compared, few
from tests.faults.fleet import LEAVE_TIMEOUT_S
from tests.faults.forked import forked
from tests.faults.linear import Pair, records_of

TOLERANCE = 1e-4
"""Of probabilities and stars: sums differ by what a text shares its batch with."""


def work(settings: dict[str, str], name: str, log: Path) -> None:
    """``footfall text-worker``"""
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.environ.update(settings)
    sys.argv = ["footfall", "text-worker", "--name", name]
    from streams.commands import main as footfall

    footfall()


class TextWorker:
    """A process that runs from its construction on."""

    def __init__(self, name: str, settings: Settings, folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._process = forked(work, settings.to_env(), name, self.log)

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def running(self) -> bool:
        return self._process.is_alive()

    @property
    def is_assigned(self) -> bool:
        return re.search(r"\bassigned ", self.text) is not None

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def signal(self, number: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def wait(self) -> int | None:
        self._process.join(LEAVE_TIMEOUT_S)
        return self._process.exitcode


def leave(workers: list[TextWorker]) -> float:
    """All that run leave; the seconds until the last was gone."""
    began = time.monotonic()
    for worker in workers:
        worker.signal(signal.SIGTERM)
    for worker in workers:
        assert worker.wait() == 0, f"{worker.name} ended badly:\n{worker.text}"
    return time.monotonic() - began


def problems(settings: Settings, engine: TextEngine) -> list[str]:
    """What is wrong with what they left, by a linear re-read of the topics. No worker may be running."""
    records = asyncio.run(_records(settings))
    wanted = dict(_reviews(settings, records))
    return [
        *asyncio.run(audit(settings)).problems,
        *_rows(settings, wanted, engine),
        *_messages(records, wanted),
    ]


async def _records(settings: Settings) -> dict[Pair, list[Any]]:
    logs, _ = await progress(settings)
    return await records_of(settings, {pair: log for pair, log in logs.items() if pair[0] in (REVIEWS, REVIEWS_SCORED)})


def _reviews(settings: Settings, records: dict[Pair, list[Any]]) -> Iterator[tuple[str, tuple[int, str]]]:
    """Event id, partition and text of each review that has one."""
    for (topic, partition), held in records.items():
        if topic == REVIEWS:
            decoder = Decoder(REVIEWS, max_ahead_ms=int(settings.max_ahead_s * 1000))
            events, _ = decoder.decode(partition, held)
            window = DuplicateWindow(window=settings.duplicate_window)
            events = events.where(window.admit(identities(events.user_id, events.event_id), events.offset))
            for event_id, text in zip(events.event_id, events.text, strict=True):
                if text:
                    yield event_id, (partition, text)


def _rows(settings: Settings, wanted: dict[str, tuple[int, str]], engine: TextEngine) -> Iterator[str]:
    reader = Reader(settings)
    try:
        names = "event_id, partition, negative, neutral, positive, expected_rating, embedding, n_tokens"
        rows = reader.columns(f"SELECT {names} FROM review_scores FINAL WHERE topic = '{REVIEW_TEXTS}'")
    finally:
        reader.close()
    yield from compared("review_scores", wanted.keys(), Counter(rows["event_id"]))
    known = [row for row, event_id in enumerate(rows["event_id"]) if event_id in wanted]
    ids = [rows["event_id"][row] for row in known]
    if rows["partition"][known].tolist() != [wanted[event_id][0] for event_id in ids]:
        yield "review_scores: rows of another partition"
    linear = engine.score([wanted[event_id][1] for event_id in ids])
    for name, column in {**linear.columns, "n_tokens": linear.n_tokens}.items():
        found = np.stack([rows[name][row] for row in known])
        wrong = (np.abs(found - column) > TOLERANCE).reshape(len(known), -1).any(axis=1)
        if wrong.any():
            yield f"{name} differs from a linear re-read: {few([ids[row] for row in np.flatnonzero(wrong)])}"


def _messages(records: dict[Pair, list[Any]], wanted: dict[str, tuple[int, str]]) -> Iterator[str]:
    found: defaultdict[str, set[tuple[Any, ...]]] = defaultdict(set)
    for (topic, partition), held in records.items():
        if topic == REVIEWS_SCORED:
            _, letters = Decoder(REVIEWS_SCORED).decode(partition, held)
            if letters:
                yield f"{len(letters)} scored reviews can't be read: {letters[0].reason}"
            for record in held:
                event = json.loads(record.value)
                found[event["event_id"]].add((partition, event["user_id"], event["ts"], event["item"]))
    yield from compared("reviews.scored", wanted.keys(), Counter(found.keys()))
    yield from compared(
        "contents of reviews.scored", found.keys(), Counter(id for id, of_one in found.items() for _ in of_one)
    )
    away = [id for id, of_one in found.items() if id in wanted and {p for p, *_ in of_one} != {wanted[id][0]}]
    if away:
        yield f"reviews.scored: on other partitions than the reviews: {few(away)}"
