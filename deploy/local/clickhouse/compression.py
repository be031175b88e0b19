"""ClickHouse's compressed frames.

A frame is: checksum (16 bytes), method (1), size with this header (4), size of the content (4), compressed content.
"""

import struct
from collections.abc import Iterator

import cramjam
from clickhouse_cityhash.cityhash import CityHash128  # type: ignore[import-untyped]
from lz4 import block as lz4  # type: ignore[import-untyped]

from deploy.local.clickhouse.errors import Disconnected
from deploy.local.clickhouse.wire import Reader

_HEADER = struct.Struct("<BII")
_LZ4, _ZSTD, _NONE = 0x82, 0x90, 0x02
# What ClickHouse itself compresses at a time; small enough to stay in a core's cache.
FRAME_BYTES = 1 << 20
# ClickHouse's own limit (DBMS_MAX_COMPRESSED_SIZE): beyond it the stream was misread.
MAX_FRAME_BYTES = 1 << 30


def compress(content: bytes) -> Iterator[bytes]:
    """Yield `content` as LZ4 frames."""
    with memoryview(content) as view:
        for start in range(0, len(view), FRAME_BYTES):
            part = view[start : start + FRAME_BYTES]
            packed = lz4.compress(part, store_size=False)
            frame = _HEADER.pack(_LZ4, _HEADER.size + len(packed), len(part)) + packed
            yield _checksum(frame) + frame


def read_frame(reader: Reader) -> bytes:
    """Take the next frame's content off `reader`.

    Raises:
        Disconnected: the checksum doesn't match, or the method is unknown.
    """
    checksum = reader.raw(16)
    start = reader.at
    method, with_header, size = _HEADER.unpack(reader.raw(_HEADER.size))
    if max(with_header, size) > MAX_FRAME_BYTES or with_header < _HEADER.size:
        raise Disconnected(f"a compressed frame of {with_header} bytes")
    packed = reader.raw(with_header - _HEADER.size)
    if _checksum(reader.cut(start)) != checksum:
        raise Disconnected("a compressed frame was damaged on its way")
    reader.forget()
    if method == _LZ4:
        return bytes(lz4.decompress(packed, uncompressed_size=size))
    if method == _ZSTD:
        return bytes(cramjam.zstd.decompress(packed))
    if method == _NONE:
        return packed
    raise Disconnected(f"compression method {method:#x} is unknown")


def _checksum(frame: bytes) -> bytes:
    number: int = CityHash128(frame)
    return struct.pack("<QQ", number >> 64, number & 0xFFFF_FFFF_FFFF_FFFF)
