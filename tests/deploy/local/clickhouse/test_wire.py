"""Bytes, blocks and frames, taken apart in whatever pieces they arrive."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.clickhouse import blocks, compression
from deploy.local.clickhouse.errors import Disconnected, EngineError
from deploy.local.clickhouse.wire import Reader, text, varint


def pieces(data: bytes, size: int) -> Reader:
    """A reader to whom `data` comes `size` bytes at a time."""
    arriving = iter([data[start : start + size] for start in range(0, len(data), size)])

    def more() -> bytes:
        try:
            return next(arriving)
        except StopIteration:
            raise Disconnected("the end") from None

    return Reader(more)


@given(st.integers(0, 2**64 - 1), st.integers(1, 10))
def test_varints(value: int, size: int) -> None:
    assert pieces(varint(value), size).varint() == value


@given(st.lists(st.text(), max_size=50), st.integers(1, 64))
def test_strings_are_passed_however_they_arrive(values: list[str], size: int) -> None:
    data = b"".join(map(text, values))
    reader = pieces(data + b"after", size)
    reader.skip_texts(len(values))
    assert reader.cut(0) == data
    reader.forget()
    assert reader.raw(5) == b"after"


@given(st.binary(max_size=200))
def test_nonsense_ends_in_a_named_error(data: bytes) -> None:
    reader = pieces(data, 50)
    with pytest.raises((Disconnected, EngineError)):
        while True:
            blocks.pass_block_info(reader)
            blocks.read_block(reader)


def column(name: str, spec: str, data: bytes) -> bytes:
    return text(name) + text(spec) + data


@settings(max_examples=30)
@given(st.integers(1, 200))
def test_a_block_is_cut_out_whole(size: int) -> None:
    offsets = b"".join(offset.to_bytes(8, "little") for offset in (1, 3))
    body = varint(3) + varint(2)
    body += column("id", "UInt16", b"\1\0\2\0")
    body += column("tags", "Array(Tuple(t String, n Nullable(UInt8)))", offsets + text("a") * 3 + b"\0\0\1" + b"789")
    keys = b"\1" + bytes(7) + b"\0\6" + bytes(6) + (2).to_bytes(8, "little")
    body += column("kind", "LowCardinality(String)", keys + text("x") + text("y") + (2).to_bytes(8, "little") + b"\0\1")
    reader = pieces(blocks.BLOCK_INFO + body + b"next", size)
    blocks.pass_block_info(reader)
    block = blocks.read_block(reader)
    assert (block.body, block.rows, block.columns[0]) == (body, 2, ("id", "UInt16"))
    assert reader.raw(4) == b"next"
    assert [part.body for part in blocks.split(body + body)] == [body, body]
    described = blocks.read_block(pieces(blocks.header(block.columns), size))
    assert (described.columns, described.rows) == (block.columns, 0)


@pytest.mark.parametrize("size", [0, 1, 1000, compression.FRAME_BYTES + 1])
def test_frames(size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    reader = pieces(b"".join(compression.compress(content)), 4096)
    read = b""
    while len(read) < size:
        read += compression.read_frame(reader)
    assert read == content


def test_a_damaged_frame_is_noticed() -> None:
    frame = bytearray(b"".join(compression.compress(b"x" * 100)))
    frame[-1] ^= 1
    with pytest.raises(Disconnected, match="damaged"):
        compression.read_frame(pieces(bytes(frame), 4096))
