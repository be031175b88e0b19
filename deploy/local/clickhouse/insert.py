"""An INSERT whose rows come piece by piece: collected in a file, which the engine then reads in one statement.

chDB can also take rows directly (`send_insert`), but in 26.9 that reports success when the engine refused them: too
many partitions, a constraint, a failing materialised view.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.clickhouse.sql import quote
from deploy.local.clickhouse.statements import StreamedInsert


class Insert:
    """Nothing of it is seen before `finish`, and nothing remains of it when its `with` is left without.

    Args:
        run: runs a statement to its end.
        folder: where to collect. The file lives shortly and is not synced: it hardly ever meets the disk.
    """

    def __init__(self, run: Callable[[str], object], insert: StreamedInsert, folder: Path) -> None:
        self._run = run
        self._insert = insert
        self._file = tempfile.NamedTemporaryFile(dir=folder)  # noqa: SIM115 - closed in __exit__
        self._size = 0

    def append(self, data: bytes) -> None:
        self._file.write(data)
        self._size += len(data)

    def finish(self) -> None:
        """Wait until the rows are in the table. Raises `EngineError` if the engine refuses them."""
        if self._size:
            self._file.flush()
            self._run(self._insert.from_file(quote(self._file.name)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
