"""Portions that go through the engine together, and what is written of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Any

import numpy as np
import orjson
import xxhash

from models.text.scores import TextScores
from schemas.batch import EventBatch
from schemas.deadletters import DeadLetter
from schemas.events import ReviewScored, review_id
from schemas.ledger import LedgerRow
from schemas.topics import DEAD_LETTERS, REVIEW_TEXTS, REVIEWS_SCORED, TopicNames
from streams.text.intake import Portion
from streams.worker.delivery import Message

Columns = dict[str, Any]

_LEDGER = tuple(field.name for field in fields(LedgerRow))


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """A portion with the scores of its reviews."""

    portion: Portion
    reviews: EventBatch
    """Those that could be scored."""
    columns: Mapping[str, Any]
    """Of ``review_scores``, that the model fills: one row a review in ``reviews``."""
    model: str
    tier: str
    letters: Sequence[DeadLetter]
    """One for each of the others."""
    identities: bytes
    """As the ledger has them."""

    @property
    def pair(self) -> tuple[str, int]:
        return REVIEW_TEXTS, self.portion.run.partition


def scored(
    portions: Sequence[Portion], scores: TextScores | None, kept: Callable[[DeadLetter], DeadLetter] = lambda one: one
) -> list[Scored]:
    """``scores`` are those of the texts of all ``portions``, None where there are none. Portions without
    records are left out. ``kept`` makes of a dead letter what may be kept of it."""
    ends = list(accumulate(len(portion.texts) for portion in portions))
    return [
        _scored(portion, scores, end - len(portion.texts), end, kept)
        for portion, end in zip(portions, ends, strict=True)
        if portion.n_records
    ]


def _scored(
    portion: Portion, scores: TextScores | None, start: int, end: int, kept: Callable[[DeadLetter], DeadLetter]
) -> Scored:
    reasons = {row - start: why for row, why in scores.reasons.items() if start <= row < end} if scores else {}
    keep = np.ones(end - start, dtype=np.bool_)  # (n_reviews,)
    keep[list(reasons)] = False
    columns: Columns = {}
    if scores is not None and keep.any():
        columns = {name: column[start:end][keep] for name, column in scores.columns.items()}
        columns["n_tokens"] = scores.n_tokens[start:end][keep].astype(np.uint32)
        columns["truncated"] = scores.truncated[start:end][keep].astype(np.uint8)
    reviews = portion.reviews.where(keep)
    identity = np.zeros(portion.last - portion.first + 1, dtype="<u8")
    identity[reviews.offset - portion.first] = portion.identity[keep]
    return Scored(
        portion=portion,
        reviews=reviews,
        columns=columns,
        model=scores.model if scores else "",
        tier=scores.tier if scores else "",
        letters=[kept(_letter(portion, row, why)) for row, why in sorted(reasons.items())],
        identities=identity.tobytes(),
    )


def _letter(portion: Portion, row: int, reason: str) -> DeadLetter:
    record = portion.records[int(np.searchsorted(portion.records.offset, portion.reviews.offset[row]))]
    return DeadLetter(
        topic=REVIEW_TEXTS,
        partition=portion.run.partition,
        offset=record.offset,
        record_ts=record.timestamp,
        reason=reason,
        key=record.key or b"",
        value=record.value or b"",
    )


def token_of(parts: Sequence[Scored]) -> str:
    """Names the runs and their owner's epochs, for ``insert_deduplication_token``."""
    runs = (f"{part.pair[1]}-{part.portion.epoch}-{part.portion.first}-{part.portion.last}" for part in parts)
    return xxhash.xxh3_128_hexdigest(" ".join(runs).encode())


def row_columns(parts: Sequence[Scored], *, written_ms: int) -> Columns:
    """Of ``review_scores``."""
    parts = [part for part in parts if len(part.reviews)]
    if not parts:
        return {}
    sizes = [len(part.reviews) for part in parts]
    reviews = EventBatch.joined([part.reviews for part in parts])
    n = len(reviews)
    columns: Columns = {
        "topic": [REVIEW_TEXTS] * n,
        "partition": np.repeat([part.pair[1] for part in parts], sizes),
        "model": [parts[0].model] * n,
        "tier": [parts[0].tier] * n,
        "written_ms": np.full(n, written_ms),
    }
    columns |= {name: getattr(reviews, name) for name in ("offset", "event_id", "user_id", "item", "ts", "rating")}
    return columns | {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}


def letter_columns(parts: Sequence[Scored], *, written_ms: int) -> Columns:
    """Of ``dead_letters``."""
    letters = [letter for part in parts for letter in part.letters]
    columns: Columns = {name: [getattr(letter, name) for letter in letters] for name in DeadLetter.__struct_fields__}
    return columns | {"written_ms": np.full(len(letters), written_ms)}


def ledger_columns(parts: Sequence[Scored], *, worker: str, written_ms: int) -> Columns:
    rows = [_ledger_row(part, worker) for part in parts]
    columns: Columns = {name: [getattr(row, name) for row in rows] for name in _LEDGER}
    topics, partitions = zip(*(part.pair for part in parts), strict=True)
    return columns | {"topic": topics, "partition": partitions, "written_ms": np.full(len(rows), written_ms)}


def _ledger_row(part: Scored, worker: str) -> LedgerRow:
    portion = part.portion
    return LedgerRow(
        first=portion.first,
        last=portion.last,
        epoch=portion.epoch,
        records=portion.n_records,
        rows=len(part.reviews),
        duplicates=portion.n_duplicates,
        dead_letters=len(part.letters),
        passed=portion.n_passed,
        erased=portion.n_erased,
        max_ts_ms=portion.max_ts_ms,
        min_ts_ms=portion.min_ts_ms,
        identities=part.identities,
        worker=worker,
    )


def messages(parts: Sequence[Scored], names: TopicNames) -> list[Message]:
    """One a review to the partition that the review is on, for the shopper's profile is there, keyed by an id of the
    review; and the dead letters."""
    to_scored, to_letters = names.on_broker(REVIEWS_SCORED), names.on_broker(DEAD_LETTERS)
    found = [Message(to_scored, key, value, part.pair[1]) for part in parts for key, value in _values(part)]
    letters = [letter.deliverable() for part in parts for letter in part.letters]
    return found + [Message(to_letters, letter.letter_key, letter.to_json(), beside=letter.key) for letter in letters]


def _values(part: Scored) -> Iterator[tuple[bytes, bytes]]:
    if not len(part.reviews):
        return
    reviews, columns = part.reviews, part.columns
    numbers = {name: column.tolist() for name, column in columns.items() if column.ndim == 1 and name != "truncated"}
    numbers["truncated"] = columns["truncated"].astype(bool).tolist()
    numbers["sentiment"] = np.clip(columns["positive"] - columns["negative"], -1, 1).tolist()
    numbers |= {"ts": reviews.ts.tolist(), "rating": reviews.rating.tolist()}
    texts = {name: getattr(reviews, name).tolist() for name in ("event_id", "user_id", "item")}
    same = {"type": ReviewScored.__struct_config__.tag, "model": part.model, "tier": part.tier}
    names = (*texts, *numbers)
    for values in zip(*texts.values(), *numbers.values(), strict=True):
        event = dict(zip(names, values, strict=True))
        yield review_id(event["user_id"], event["event_id"]).encode(), orjson.dumps(same | event)
