"""Blocks of columns: found in what a client sends, cut from what the engine gives.

Over TCP a block is "block info" and then the very bytes that `FORMAT Native` reads and writes (at the
revision of `packets.REVISION`). Nothing says how long it is: it has to be walked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy.local.clickhouse.column_types import extent_of
from deploy.local.clickhouse.errors import Disconnected
from deploy.local.clickhouse.wire import Reader, text, varint

# Field 1: not the overflow row of GROUP BY WITH TOTALS; field 2: bucket -1 (as int32), none; end.
BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"


@dataclass(frozen=True, slots=True)
class Block:
    """`body` is what `FORMAT Native` reads."""

    columns: tuple[tuple[str, str], ...]  # (name, type)
    rows: int
    body: bytes


def pass_block_info(reader: Reader) -> None:
    while field := reader.varint():
        reader.skip(1 if field == 1 else 4)


def read_block(reader: Reader) -> Block:
    """Walk one block without block info. Raises `EngineError` for a type whose end can't be found."""
    start = reader.at
    n_columns, rows = reader.varint(), reader.varint()
    columns = []
    for _ in range(n_columns):
        name, spec = reader.text(), reader.text()
        columns.append((name, spec))
        if rows:
            extent = extent_of(spec)
            extent.prefix(reader)
            extent.data(reader, rows)
    return Block(tuple(columns), rows, reader.cut(start))


def split(native: bytes) -> Iterator[Block]:
    """Cut what `FORMAT Native` wrote into its blocks."""
    reader = Reader(_cut_short, native)
    while not reader.exhausted:
        yield read_block(reader)


def header(columns: tuple[tuple[str, str], ...]) -> bytes:
    """A block of these columns and no rows, which tells a client what comes."""
    described = b"".join(text(name) + text(spec) for name, spec in columns)
    return varint(len(columns)) + varint(0) + described


def _cut_short() -> bytes:
    raise Disconnected("a block ended early")
