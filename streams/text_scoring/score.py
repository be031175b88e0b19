"""Rows through the engine, a window at a time, in their order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from models.text.engine import TextEngine
from models.text.scores import TextScores
from streams.errors import Invalid
from streams.text_scoring.rows import Row, read_rows, write_jsonl

NOT_A_STRING = "the text isn't a string"

_WINDOW = 1_000
_AHEAD = 2
"""Windows under way while one is written: memory holds no more of a file, however long it is."""


class Scored(NamedTuple):
    rows: int
    failed: int
    """Of these, with a reason instead of scores."""


class _Window(NamedTuple):
    rows: list[Row]
    taken: list[int]  # rows whose text was submitted
    future: Future[TextScores]


def score_file(
    engine: TextEngine,
    source: Path,
    out: Path,
    *,
    column: str,
    embeddings: bool,
    progress: Callable[[int], None] = lambda rows: None,
) -> Scored:
    """Writes each row of ``source`` with its scores to ``out`` as jsonl, which is there once all of it is.

    ``progress`` is called with the rows written so far. Raises ``Invalid`` with the line where a row can't be read, or
    has no ``column``, or already has a field that scores go by.
    """
    part = out.with_name(f"{out.name}.part")
    rows = failed = 0
    try:
        with part.open("wb") as file:
            for window in _scored(engine, _windows(source, column), column):
                scores = window.future.result()
                for row in _with_scores(window, scores, embeddings=embeddings):
                    write_jsonl(file, row)
                    failed += "reason" in row
                rows += len(window.rows)
                progress(rows)
        os.replace(part, out)
    except OSError as error:
        raise Invalid(f"{out} can't be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    return Scored(rows, failed)


def _windows(source: Path, column: str) -> Iterator[list[Row]]:
    rows = _rows(source, column)
    while window := list(islice(rows, _WINDOW)):
        yield window


def _rows(source: Path, column: str) -> Iterator[Row]:
    for number, row in read_rows(source):
        if column not in row:
            raise Invalid(f"{source}, line {number}: there is no column {column}; name it with --text-column")
        yield row


def _scored(engine: TextEngine, windows: Iterable[list[Row]], column: str) -> Iterator[_Window]:
    under_way: deque[_Window] = deque()
    for rows in windows:
        taken = [place for place, row in enumerate(rows) if isinstance(row[column], str)]
        under_way.append(_Window(rows, taken, engine.submit([rows[place][column] for place in taken])))
        if len(under_way) > _AHEAD:
            yield under_way.popleft()
    yield from under_way


def _with_scores(window: _Window, scores: TextScores, *, embeddings: bool) -> Iterator[Row]:
    by_place = {place: index for index, place in enumerate(window.taken)}
    columns = {name: values.tolist() for name, values in scores.columns.items() if embeddings or values.ndim == 1}
    for place, row in enumerate(window.rows):
        read = _of(scores, columns, by_place[place]) if place in by_place else {"reason": NOT_A_STRING}
        if held := row.keys() & read.keys():
            raise Invalid(f"the texts have a column {min(held)} already, and scores go by that name: rename it")
        yield row | read


def _of(scores: TextScores, columns: Mapping[str, list[Any]], index: int) -> Row:
    if index in scores.reasons:
        return {"reason": scores.reasons[index]}
    return {
        **{name: values[index] for name, values in columns.items()},
        "n_tokens": int(scores.n_tokens[index]),
        "truncated": bool(scores.truncated[index]),
        "model": scores.model,
        "tier": scores.tier,
    }
