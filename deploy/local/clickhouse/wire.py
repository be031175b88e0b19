"""Bytes as ClickHouse's protocol writes them: little endian, lengths and counts as varints."""

import struct
from collections.abc import Callable

import numba
import numpy as np

from deploy.local.clickhouse.errors import Disconnected

_UINT64 = struct.Struct("<Q")
# Far above any name, query or password; a length beyond it means that the stream was misread.
MAX_TEXT_BYTES = 1 << 28


def varint(value: int) -> bytes:
    """Write an unsigned integer, seven bits a byte."""
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | value & 0x7F)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(value: str) -> bytes:
    """Write a string behind its length."""
    raw = value.encode()
    return varint(len(raw)) + raw


class Reader:
    """A cursor over bytes that are still arriving.

    What was passed stays until `forget`, so that a block can be cut out whole once its end is known.

    Args:
        more: gives the next bytes, never none; raises `Disconnected` at the end. May block.
        data: what is already here.
    """

    def __init__(self, more: Callable[[], bytes | memoryview], data: bytes | bytearray | None = None) -> None:
        self._more = more
        self._data = bytearray() if data is None else data
        self.at = 0

    def ensure(self, count: int) -> None:
        """Wait until `count` bytes lie ahead."""
        if len(self._data) - self.at >= count:
            return
        if isinstance(self._data, bytes):
            self._data = bytearray(self._data)
        while len(self._data) - self.at < count:
            self._data += self._more()

    def byte(self) -> int:
        self.ensure(1)
        self.at += 1
        return self._data[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise Disconnected("a varint of more than 64 bits")

    def raw(self, count: int) -> bytes:
        self.skip(count)
        return self.cut(self.at - count)

    def text(self) -> str:
        count = self.varint()
        if count > MAX_TEXT_BYTES:
            raise Disconnected(f"a string of {count} bytes where a name or a query belongs")
        return self.raw(count).decode(errors="replace")

    def uint64(self) -> int:
        self.ensure(8)
        self.at += 8
        value: int = _UINT64.unpack_from(self._data, self.at - 8)[0]
        return value

    def skip(self, count: int) -> None:
        self.ensure(count)
        self.at += count

    def skip_texts(self, count: int) -> None:
        """Pass `count` strings, as they lie in a String column."""
        while count:
            window = np.frombuffer(self._data, np.uint8)  # (bytes here,) uint8
            passed, self.at = _walk_texts(window, self.at, count)
            del window  # a bytearray can't grow while an array looks at it
            count -= passed
            if count:
                self.ensure(len(self._data) - self.at + 1)

    def cut(self, start: int) -> bytes:
        """Copy what was passed since position `start`."""
        with memoryview(self._data) as view:
            return bytes(view[start : self.at])

    def forget(self) -> None:
        """Free what was passed; positions taken before are void."""
        if isinstance(self._data, bytes):
            self._data = bytearray(self._data)
        del self._data[: self.at]
        self.at = 0

    def arrived(self) -> bytes:
        """The next byte if it is here already, else b""."""
        return bytes(self._data[self.at : self.at + 1])

    @property
    def exhausted(self) -> bool:
        """Whether everything that is here was passed."""
        return self.at == len(self._data)


@numba.njit("UniTuple(int64, 2)(Array(uint8, 1, 'C', readonly=True), int64, int64)", cache=True)
def _walk_texts(data: np.ndarray, at: int, count: int) -> tuple[int, int]:
    """Pass up to `count` strings from `at`, stopping before one that isn't here whole: (how many, where)."""
    size = data.size
    for passed in range(count):
        length = np.int64(0)
        shift = 0
        here = at
        while True:
            if here >= size or shift > 56:
                return passed, at
            byte = data[here]
            here += 1
            length |= np.int64(byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        if length > size - here:
            return passed, at
        at = int(here + length)
    return count, at
