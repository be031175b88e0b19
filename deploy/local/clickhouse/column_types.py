"""How far a column of a given type reaches in a Native block.

A type is a tree. Each node can pass its state prefix (written once, before the data) and the data of some
rows. Layouts: `src/DataTypes/Serializations` of ClickHouse, https://clickhouse.com/docs/interfaces/formats/Native
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from deploy.local.clickhouse.errors import NOT_IMPLEMENTED, EngineError
from deploy.local.clickhouse.wire import Reader


class Extent(Protocol):
    def prefix(self, reader: Reader) -> None:
        """Pass the state prefix."""

    def data(self, reader: Reader, rows: int) -> None:
        """Pass `rows` values."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Values of `width` bytes each."""

    width: int

    def prefix(self, reader: Reader) -> None:
        pass

    def data(self, reader: Reader, rows: int) -> None:
        reader.skip(self.width * rows)


@dataclass(frozen=True, slots=True)
class Text:
    """Strings, each behind its length."""

    def prefix(self, reader: Reader) -> None:
        pass

    def data(self, reader: Reader, rows: int) -> None:
        reader.skip_texts(rows)


@dataclass(frozen=True, slots=True)
class Nullable:
    """A byte a row that says whether it is null, then all values."""

    inner: Extent

    def prefix(self, reader: Reader) -> None:
        self.inner.prefix(reader)

    def data(self, reader: Reader, rows: int) -> None:
        reader.skip(rows)
        self.inner.data(reader, rows)


@dataclass(frozen=True, slots=True)
class Array:
    """Where each row ends, then all elements. A map is an array of pairs."""

    inner: Extent

    def prefix(self, reader: Reader) -> None:
        self.inner.prefix(reader)

    def data(self, reader: Reader, rows: int) -> None:
        if rows:
            reader.skip(8 * (rows - 1))
            self.inner.data(reader, reader.uint64())


@dataclass(frozen=True, slots=True)
class Tuple:
    """One column after another."""

    inners: tuple[Extent, ...]

    def prefix(self, reader: Reader) -> None:
        for inner in self.inners:
            inner.prefix(reader)

    def data(self, reader: Reader, rows: int) -> None:
        for inner in self.inners:
            inner.data(reader, rows)


@dataclass(frozen=True, slots=True)
class LowCardinality:
    """A dictionary, then each row's place in it, of 1, 2, 4 or 8 bytes."""

    inner: Extent

    def prefix(self, reader: Reader) -> None:
        reader.skip(8)

    def data(self, reader: Reader, rows: int) -> None:
        if rows:
            width = 1 << (reader.uint64() & 0xF)
            self.inner.data(reader, reader.uint64())
            reader.skip(width * reader.uint64())


_FIXED = {
    **dict.fromkeys(("Int8", "UInt8", "Bool", "Enum8", "Nothing"), 1),
    **dict.fromkeys(("Int16", "UInt16", "Date", "Enum16", "BFloat16"), 2),
    **dict.fromkeys(("Int32", "UInt32", "Float32", "Date32", "DateTime", "Time", "IPv4", "Decimal32"), 4),
    **dict.fromkeys(("Int64", "UInt64", "Float64", "DateTime64", "Time64", "Decimal64"), 8),
    **dict.fromkeys(("Int128", "UInt128", "UUID", "IPv6", "Decimal128"), 16),
    **dict.fromkeys(("Int256", "UInt256", "Decimal256"), 32),
}
_ALIASES = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "Polygon": "Array(Ring)",
    "MultiLineString": "Array(LineString)",
    "MultiPolygon": "Array(Polygon)",
}
_NAMED = re.compile(r"(?:`(?:[^`\\]|\\.)*`|[A-Za-z_]\w*)\s+(?=[A-Z])")


@lru_cache(maxsize=4096)
def extent_of(spec: str) -> Extent:
    """Parse a type as ClickHouse writes it.

    Raises:
        EngineError: this server can't find the end of such a column (JSON, Dynamic, aggregate states).
    """
    name, _, rest = spec.partition("(")
    arguments = list(_arguments(rest.rstrip()[:-1])) if rest else []
    match name:
        case "String":
            return Text()
        case "FixedString":
            return Fixed(int(arguments[0]))
        case "Decimal":
            digits = int(arguments[0])
            return Fixed(4 if digits <= 9 else 8 if digits <= 18 else 16 if digits <= 38 else 32)
        case "Nullable":
            return Nullable(extent_of(arguments[0]))
        case "Array":
            return Array(extent_of(arguments[0]))
        case "LowCardinality":
            # NULL is the dictionary's first entry, there is no map of nulls.
            nullable = arguments[0].startswith("Nullable(")
            return LowCardinality(extent_of(arguments[0][9:-1] if nullable else arguments[0]))
        case "Tuple" if not arguments:
            return Fixed(1)
        case "Tuple":
            return Tuple(tuple(map(_element, arguments)))
        case "Map" | "Nested":
            return Array(Tuple(tuple(map(_element, arguments))))
        case "SimpleAggregateFunction":
            return extent_of(arguments[1])
    if name.startswith("Interval"):
        return Fixed(8)
    if spec in _ALIASES:
        return extent_of(_ALIASES[spec])
    if name in _FIXED:
        return Fixed(_FIXED[name])
    raise EngineError(NOT_IMPLEMENTED, f"DB::Exception: Columns of type {spec} can't be sent here (NOT_IMPLEMENTED)")


def _element(argument: str) -> Extent:
    """The type of a tuple's element, which may have a name before it."""
    return extent_of(_NAMED.sub("", argument, count=1) if _NAMED.match(argument) else argument)


def _arguments(inside: str) -> Iterator[str]:
    """Split at the commas that lie outside of brackets and quotes."""
    depth, start, quote = 0, 0, ""
    position = 0
    while position < len(inside):
        char = inside[position]
        if quote:
            if char == "\\":
                position += 1
            elif char == quote:
                quote = ""
        elif char in "'`":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "," and depth == 0:
            yield inside[start:position].strip()
            start = position + 1
        position += 1
    if inside[start:].strip():
        yield inside[start:].strip()
