"""What can go wrong, and who is told.

Exception
├── EngineError     ClickHouse's own code and message: sent to the client, the connection lives on
└── Disconnected    the peer is gone or has lost the thread of the protocol: the connection is closed
"""

import re

NO_SUCH_COLUMN_IN_TABLE = 16
BAD_ARGUMENTS = 36
NOT_IMPLEMENTED = 48
UNKNOWN_SETTING = 115
READONLY = 164
TOO_MANY_CONNECTIONS = 203
QUERY_WAS_CANCELLED = 394
TOO_MANY_ROWS_OR_BYTES = 396
ACCESS_DENIED = 497
AUTHENTICATION_FAILED = 516
UNKNOWN_EXCEPTION = 1002

_ENGINE_TEXT = re.compile(r"Code: (\d+)\. (.*)", re.DOTALL)


class EngineError(Exception):
    """A statement was refused or failed.

    Attributes:
        code: ClickHouse's number for the kind of error, as in `system.errors`.
        message: its text, beginning with `DB::Exception: `.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"Code: {code}. {message}")
        self.code = code
        self.message = message

    @classmethod
    def of(cls, raised: Exception) -> "EngineError":
        """Read code and message from what chDB raises, which is one text."""
        found = _ENGINE_TEXT.search(str(raised))
        if found is None:
            return cls(UNKNOWN_EXCEPTION, f"DB::Exception: {raised}")
        return cls(int(found[1]), found[2])


class Disconnected(Exception):
    """Nothing more can be exchanged with this peer."""
