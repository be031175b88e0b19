"""Who is in a segment now, with the reasons: the rows of its view, for people and for files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from schemas.segments.definition import Segment
from streams.clickhouse.reader import Reader
from streams.errors import Fatal, Invalid

_COLUMNS = "user_id, reason, score, held_out, last_ms, at_ms"


def strongest(reader: Reader, segment: Segment, n: int) -> list[tuple[str, str, float, int]]:
    """Shopper, reason, score and whether held out of the ``n`` highest scores."""
    sql = f"SELECT user_id, reason, score, held_out FROM {segment.view} ORDER BY score DESC, user_id LIMIT {n:d}"  # noqa: S608
    rows: list[Any] = reader.query(sql)
    return rows


def export(reader: Reader, segment: Segment, to: Path, *, treated_only: bool) -> int:
    """Writes them to ``to``, by whose ending the format goes, and returns how many they are. The file is there whole or
    not at all. Raises ``Invalid`` for another ending, ``Fatal`` where it can't be written."""
    write = _WRITERS.get(to.suffix)
    if write is None:
        raise Invalid(f"{to} ends with none of {', '.join(_WRITERS)}")
    where = "WHERE NOT held_out" if treated_only else ""
    found = reader.columns(f"SELECT {_COLUMNS} FROM {segment.view} {where} ORDER BY score DESC, user_id")  # noqa: S608
    columns = {name: column if isinstance(column, list) else column.tolist() for name, column in found.items()}
    part = to.with_name(f".{to.name}.part")
    try:
        write(part, columns)
        part.replace(to)
    except OSError as error:
        raise Fatal(f"{to} can't be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    return len(columns["user_id"])


def _write_csv(to: Path, columns: dict[str, list[Any]]) -> None:
    with to.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def _write_json_lines(to: Path, columns: dict[str, list[Any]]) -> None:
    import orjson

    with to.open("wb") as file:
        for row in zip(*columns.values(), strict=True):
            file.write(orjson.dumps(dict(zip(columns, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE))


def _write_parquet(to: Path, columns: dict[str, list[Any]]) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(columns), to)


_WRITERS: dict[str, Callable[[Path, dict[str, list[Any]]], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".jsonl": _write_json_lines,
}
