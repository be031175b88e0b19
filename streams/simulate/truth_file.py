"""The truth in a file: JSON lines, or one table in Parquet by its ending, in which each row has the columns it has."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from streams.errors import Invalid
from streams.simulate.truth import Columns

SCHEMA = pa.schema(
    [
        ("row", pa.string()),  # shopper, purchase or topic
        ("user_id", pa.string()),
        ("joined_ms", pa.int64()),
        ("silent_ms", pa.int64()),  # no event of the shopper's is at that time or later
        ("event_id", pa.string()),
        ("ts", pa.int64()),
        ("ring", pa.int32()),  # 0 for none
        ("fraud", pa.string()),  # a ring's or purchase's kind of fraud, empty for none
        ("topic", pa.string()),
        ("events", pa.int64()),
        ("duplicates", pa.int64()),
        ("broken", pa.int64()),
    ]
)
_GROUP_ROWS = 50_000


class TruthFile:
    """A context manager. Raises ``Invalid`` where the file can't be written."""

    def __init__(self, path: Path) -> None:
        self._parquet: pq.ParquetWriter | None = None
        self._rows: list[Columns] = []
        self._encoder = msgspec.json.Encoder()
        try:
            self._file = path.open("wb")
        except OSError as error:
            raise Invalid(f"{path} can't be written: {error}") from None
        if path.suffix == ".parquet":
            self._parquet = pq.ParquetWriter(self._file, SCHEMA, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._parquet:
            self._write_group()
            self._parquet.close()
        self._file.close()

    def write(self, what: str, columns: Columns) -> None:
        names = ("row", *columns)
        rows = [dict(zip(names, (what, *row), strict=True)) for row in zip(*columns.values(), strict=True)]
        if self._parquet is None:
            self._file.write(self._encoder.encode_lines(rows))
            return
        self._rows += rows
        if len(self._rows) >= _GROUP_ROWS:
            self._write_group()

    def _write_group(self) -> None:
        assert self._parquet is not None  # noqa: S101 - for mypy
        self._parquet.write_table(pa.Table.from_pylist(self._rows, schema=SCHEMA))
        self._rows = []
