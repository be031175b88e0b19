"""What goes wrong between here and ClickHouse: worth another attempt or not, and in one line."""

from __future__ import annotations

import re

from clickhouse_driver import errors

RETRYABLE_CODES = {
    159: "TIMEOUT_EXCEEDED",
    202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    203: "NO_FREE_CONNECTION",
    209: "SOCKET_TIMEOUT",
    210: "NETWORK_ERROR",
    225: "NO_ZOOKEEPER",
    236: "ABORTED",
    241: "MEMORY_LIMIT_EXCEEDED",
    242: "TABLE_IS_READ_ONLY",
    243: "NOT_ENOUGH_SPACE",
    252: "TOO_MANY_PARTS",
    254: "NO_ACTIVE_REPLICAS",
    279: "ALL_CONNECTION_TRIES_FAILED",
    285: "TOO_FEW_LIVE_REPLICAS",
    286: "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE",
    289: "REPLICA_IS_NOT_IN_QUORUM",
    319: "UNKNOWN_STATUS_OF_INSERT",
    364: "RECEIVED_ERROR_TOO_MANY_REQUESTS",
    394: "QUERY_WAS_CANCELLED",
    425: "SYSTEM_ERROR",
    439: "CANNOT_SCHEDULE_TASK",
    473: "DEADLOCK_AVOIDED",
    499: "S3_ERROR",
    999: "KEEPER_EXCEPTION",
}
"""ClickHouse's codes for what passes by itself, or once an operator has made room."""

EXPECTED = (errors.Error, EOFError, OSError)
"""What the driver raises for faults of network and server; anything else is a defect here."""

_MAX_LENGTH = 300
_TAIL = re.compile(r"(Stack trace:|\(version \d).*", re.DOTALL)


def is_retryable(error: Exception) -> bool:
    """Whether the same may succeed later without anybody correcting anything here."""
    if isinstance(error, errors.ServerException):
        return error.code in RETRYABLE_CODES
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return False
    return isinstance(error, errors.NetworkError | errors.SocketTimeoutError | EOFError | OSError)


def one_line(error: Exception) -> str:
    """What happened, without the server's stack trace and version.

    >>> one_line(EOFError("Unexpected EOF while reading bytes"))
    'the connection was closed'
    """
    if isinstance(error, errors.ServerException):
        text = _TAIL.sub("", str(error.message)).removeprefix("DB::Exception: ")
        return f"code {error.code}, {_shortened(text)}"
    if isinstance(error, EOFError):
        return "the connection was closed"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, errors.UnexpectedPacketFromServerError | errors.UnknownPacketFromServerError):
        return "not ClickHouse's native protocol; is the port that of HTTP or of TLS?"
    return _shortened(str(error.message) if isinstance(error, errors.Error) else str(error))


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_LENGTH else line[:_MAX_LENGTH] + "…"
