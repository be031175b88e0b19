"""Rows of files, read and written a few at a time: jsonl and csv, gzipped or not, and parquet to read."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import IO, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from streams.errors import Invalid

Row = dict[str, Any]
_AT_ONCE = 1_000
_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
_JSONL = ("jsonl", "ndjson")


def read_rows(file: Path) -> Iterator[tuple[int, Row]]:
    """The rows with the number of each, or of its line, from 1. Raises ``Invalid``."""
    kind = _kind(file)
    try:
        if kind == "parquet":
            yield from _parquet(file)
        elif kind == "csv":
            with _opened(file) as lines, io.TextIOWrapper(lines, encoding="utf-8-sig", newline="") as texts:
                reader = csv.DictReader(texts)
                for row in reader:
                    yield reader.line_num, _without_surplus(row, file, reader.line_num)
        else:
            with _opened(file) as lines:
                yield from _jsonl(lines, file)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise Invalid(f"{file} can't be read: {str(error).splitlines()[0]}") from None


def write_jsonl(file: IO[bytes], row: Row) -> None:
    """Appends a line. What JSON has no type for, such as a date, is written as its text."""
    try:
        line = orjson.dumps(row, default=str, option=_OPTIONS)
    except TypeError:  # lone surrogates, and whole numbers of more than 64 bits
        line = json.dumps(row, default=str).encode() + b"\n"
    file.write(line)


def _kind(file: Path) -> str:
    kind = file.name.removesuffix(".gz").rsplit(".", 1)[-1]
    if kind not in (*_JSONL, "csv", "parquet"):
        raise Invalid(f"{file} is neither jsonl, csv nor parquet by its name")
    return kind


def _opened(file: Path) -> IO[bytes]:
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")  # type: ignore[return-value]


def _jsonl(lines: IO[bytes], file: Path) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = _parsed(line)
        except ValueError as error:
            raise Invalid(f"{file}, line {number}: not JSON: {str(error).splitlines()[0]}") from None
        if not isinstance(row, dict):
            raise Invalid(f"{file}, line {number}: not a JSON object")
        yield number, row


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line)  # which takes lone surrogates, too


def _parquet(file: Path) -> Iterator[tuple[int, Row]]:
    numbers = count(1)
    with pq.ParquetFile(file) as table:
        for batch in table.iter_batches(_AT_ONCE):
            for row in batch.to_pylist():
                yield next(numbers), row


def _without_surplus(row: dict[str | Any, Any], file: Path, number: int) -> Row:
    if None in row:
        raise Invalid(f"{file}, line {number}: more fields than the header names")
    return row
