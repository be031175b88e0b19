"""An INSERT whose rows come piece by piece."""

from contextlib import suppress
from types import TracebackType
from typing import Self

from chdb.state.sqlitelike import StreamingInserter

from deploy.local.clickhouse.errors import EngineError


class Insert:
    """Nothing of it is seen before `finish`, and nothing remains of it when its `with` is left without.

    (Rows beyond `min_insert_block_size_rows`, a million, are written as they come, as by any ClickHouse.)
    """

    def __init__(self, stream: StreamingInserter) -> None:
        self._stream = stream
        self._open = True

    def append(self, data: bytes) -> None:
        try:
            self._stream.append(data)  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise EngineError.of(error) from None

    def finish(self) -> tuple[int, int]:
        """Wait until the rows are on disk; return how many rows and bytes."""
        self._open = False
        try:
            result = self._stream.finish()
        except RuntimeError as error:
            raise EngineError.of(error) from None
        return result.rows_written, result.bytes_written

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            with suppress(RuntimeError):
                self._stream.cancel()  # type: ignore[no-untyped-call]
