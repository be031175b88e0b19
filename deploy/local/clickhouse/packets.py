"""The packets of the native protocol, at one revision.

The revision is the newest whose blocks are what `FORMAT Native` reads and writes: from 54454 on a flag byte
stands before each column. Parameters on the server's side came later (54459), so clients substitute theirs.
See `src/Core/Protocol.h` and `ProtocolDefines.h` of ClickHouse.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from deploy.local.clickhouse.errors import Disconnected, EngineError
from deploy.local.clickhouse.wire import Reader, text, varint

REVISION: Final = 54453


class FromClient(IntEnum):
    HELLO = 0
    QUERY = 1
    DATA = 2
    CANCEL = 3
    PING = 4


class FromServer(IntEnum):
    HELLO = 0
    DATA = 1
    EXCEPTION = 2
    PROGRESS = 3
    PONG = 4
    END_OF_STREAM = 5
    PROFILE_INFO = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    database: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Setting:
    value: str
    important: bool  # an unknown one is an error, otherwise it is passed over


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    query_id: str
    settings: dict[str, Setting]
    compressed: bool  # blocks in both directions
    sql: str


def read_hello(reader: Reader) -> Hello:
    if reader.varint() != FromClient.HELLO:
        raise Disconnected("the client didn't say hello")
    reader.text()  # the client's name
    reader.varint(), reader.varint()  # its version
    if reader.varint() < REVISION:
        raise Disconnected(f"the client speaks a revision before {REVISION}")
    return Hello(database=reader.text(), user=reader.text(), password=reader.text())


def read_query(reader: Reader) -> Query:
    query_id = reader.text()
    if reader.byte():  # the kind of query; 0 means that nothing about the client follows
        _pass_client_info(reader)
    settings = {}
    while name := reader.text():
        important = bool(reader.varint() & 1)
        settings[name] = Setting(reader.text(), important)
    reader.text()  # the secret between servers
    reader.varint()  # the stage, always "complete"
    compressed = bool(reader.varint())
    return Query(query_id=query_id, settings=settings, compressed=compressed, sql=reader.text())


def _pass_client_info(reader: Reader) -> None:
    for _ in range(3):
        reader.text()  # initial user, query id, address
    reader.skip(8)  # initial query's start
    if reader.byte() != 1:
        raise Disconnected("the query's interface isn't TCP")
    for _ in range(3):
        reader.text()  # user of the system, host, name of the client
    for _ in range(3):
        reader.varint()  # version and revision
    reader.text()  # quota key
    reader.varint(), reader.varint()  # distributed depth, version patch
    if reader.byte():  # OpenTelemetry
        reader.skip(24)
        reader.text()
        reader.skip(1)
    for _ in range(3):
        reader.varint()  # parallel replicas


def hello(version: tuple[int, int, int], timezone: str, host: str) -> bytes:
    major, minor, patch = version
    numbers = varint(major) + varint(minor) + varint(REVISION)
    return varint(FromServer.HELLO) + text("ClickHouse") + numbers + text(timezone) + text(host) + varint(patch)


def exception(error: EngineError) -> bytes:
    parts = text("DB::Exception") + text(error.message) + text("") + b"\x00"  # no stack trace, nothing nested
    return varint(FromServer.EXCEPTION) + struct.pack("<i", error.code) + parts


def progress(*, rows: int, size: int, written_rows: int = 0, written_bytes: int = 0) -> bytes:
    """What was read and written since the last such packet; the total ahead is not known."""
    counts = (rows, size, 0, written_rows, written_bytes)
    return varint(FromServer.PROGRESS) + b"".join(map(varint, counts))


def profile_info(*, rows: int, blocks: int, size: int) -> bytes:
    no_limit_applied = b"\x00\x00\x00"
    return varint(FromServer.PROFILE_INFO) + varint(rows) + varint(blocks) + varint(size) + no_limit_applied


DATA: Final = varint(FromServer.DATA) + text("")
PONG: Final = varint(FromServer.PONG)
END_OF_STREAM: Final = varint(FromServer.END_OF_STREAM)
