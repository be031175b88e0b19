"""The wire form of a column in ClickHouse's native format.

Numbers are arrays whose bytes go out as they are (2 ns a value), text is a sequence of ``str`` or ``bytes``, fastest as
``Texts`` (10 to 40 ns a value). A
``DateTime64`` is the ``int64`` that is stored, so for ``DateTime64(3)`` Unix milliseconds, whatever the time zone.
Types that aren't known here (enums, maps, tuples, ...) go through the driver's own conversions.

Format: https://clickhouse.com/docs/interfaces/formats/Native and the driver's ``columns``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from clickhouse_driver.columns.service import read_column, write_column

from schemas.texts import Distinct, Texts

Column: TypeAlias = Sequence[Any] | npt.NDArray[Any]

DTYPES: dict[str, str] = {
    "UInt8": "<u1",
    "UInt16": "<u2",
    "UInt32": "<u4",
    "UInt64": "<u8",
    "Int8": "<i1",
    "Int16": "<i2",
    "Int32": "<i4",
    "Int64": "<i8",
    "Float32": "<f4",
    "Float64": "<f8",
    "Bool": "?",
}
_ENCODING = "utf-8"
_KEY_DTYPES = ("<u1", "<u2", "<u4", "<u8")
_KEYS_IN_BLOCK = 1 << 9 | 1 << 10  # the dictionary comes with the block, and is a new one
_LOW_CARDINALITY_VERSION = 1


def dtype_of(kind: str) -> str | None:
    """The numpy dtype in which a column of the ClickHouse type ``kind`` travels, None where it isn't an array."""
    return "<i8" if kind.startswith("DateTime64(") else DTYPES.get(kind)


def write(kind: str, values: Column, out: Any, context: Any) -> None:
    """Write ``values``, of shape (n,), to the driver's buffer ``out`` as a column of the ClickHouse type ``kind``.

    Arrays of numbers that are equally long are best given as one array of shape (n, k), which costs what its bytes do.
    Raises ``TypeError`` or ``ValueError`` for values that the type can't take.
    """
    dtype = dtype_of(kind)
    if dtype is not None:
        out.write(_cast(values, dtype).tobytes())
    elif kind == "String" and isinstance(values, Texts):
        out.write(values.with_sizes())
    elif kind == "String":
        out.write_strings(_listed(values), encoding=_ENCODING)
    elif kind.startswith("FixedString("):
        out.write_fixed_strings(_listed(values), int(_inner(kind)), encoding=_ENCODING)
    elif kind == "LowCardinality(String)":
        _write_dictionary(_listed(values), out)
    elif kind.startswith("Array(") and _is_plain(_inner(kind)):
        if isinstance(values, np.ndarray) and values.ndim == 2:
            lengths = np.full(len(values), values.shape[1], dtype=np.uint64)
            items: Column = values.reshape(-1)
        else:
            lengths = np.fromiter(map(len, values), dtype=np.uint64, count=len(values))
            items = list(chain.from_iterable(values))
        out.write(np.cumsum(lengths, dtype="<u8").tobytes())
        write(_inner(kind), items, out, context)
    else:
        write_column(context, kind, kind, list(values), out)  # a copy: it converts in place


def read(kind: str, n_rows: int, source: Any, context: Any, *, raw: bool = False) -> Column:
    """Read a column from the driver's buffer: an array of numbers, or a list.

    Text that isn't UTF-8 comes as ``bytes``; with ``raw`` all text does.
    """
    dtype = dtype_of(kind)
    if dtype is not None:
        return np.frombuffer(source.read(n_rows * np.dtype(dtype).itemsize), dtype)
    encoding = None if raw else _ENCODING
    if kind == "String":
        return list(source.read_strings(n_rows, encoding=encoding))
    if kind.startswith("FixedString("):
        return list(source.read_fixed_strings(n_rows, int(_inner(kind)), encoding=encoding))
    if kind == "LowCardinality(String)":
        return _read_dictionary(n_rows, source, encoding)
    if kind.startswith("Array(") and _is_plain(_inner(kind)):
        ends = np.frombuffer(source.read(n_rows * 8), "<u8").astype(np.int64)
        items = read(_inner(kind), int(ends[-1]) if n_rows else 0, source, context, raw=raw)
        return [items[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return list(read_column(context, kind, n_rows, source))


def _cast(values: Column, dtype: str) -> npt.NDArray[Any]:
    if not isinstance(values, np.ndarray):
        return np.array(values, dtype)
    if values.ndim != 1:
        raise ValueError(f"An array of shape {values.shape} isn't a column of numbers")
    cast = values.astype(dtype, copy=False)
    if not np.can_cast(values.dtype, dtype) and cast.dtype != "<f4" and not np.array_equal(cast, values):
        raise OverflowError(f"Some values aren't {dtype}")
    return cast


def _write_dictionary(values: Sequence[str], out: Any) -> None:
    different, code = values.distinct() if isinstance(values, Texts) else _distinct(values)
    width = max(0, (len(different) - 1).bit_length() - 1) // 8  # 0, 1, 2 for 1, 2, 3 and more bytes a key
    key_type = min(width, 2)
    out.write(np.array([_LOW_CARDINALITY_VERSION, _KEYS_IN_BLOCK | key_type, len(different)], "<u8").tobytes())
    out.write_strings(different, encoding=_ENCODING)
    out.write(np.array([len(values)], "<u8").tobytes() + code.astype(_KEY_DTYPES[key_type]).tobytes())


def _distinct(values: Sequence[str]) -> Distinct:
    place = {value: code for code, value in enumerate(dict.fromkeys(values))}
    if len(place) == 1:
        code = np.zeros(len(values), dtype=np.int32)
    else:
        code = np.fromiter(map(place.__getitem__, values), dtype=np.int32, count=len(values))
    return Distinct(list(place), code)


def _read_dictionary(n_rows: int, source: Any, encoding: str | None) -> list[Any]:
    _, flags, n_values = np.frombuffer(source.read(24), "<u8").tolist()
    values = source.read_strings(n_values, encoding=encoding)
    source.read(8)  # the number of rows again
    dtype = _KEY_DTYPES[flags & 0xF]
    keys = np.frombuffer(source.read(n_rows * np.dtype(dtype).itemsize), dtype)
    return [values[key] for key in keys.tolist()]


def _is_plain(kind: str) -> bool:
    return kind == "String" or dtype_of(kind) is not None


def _inner(kind: str) -> str:
    return kind[kind.index("(") + 1 : -1]


def _listed(values: Column) -> Sequence[Any]:
    if isinstance(values, np.ndarray):
        listed: list[Any] = values.tolist()
        return listed
    return values
