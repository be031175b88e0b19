"""The risks of a worker: it polls for those that the leader has told since."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from schemas.risks import MEMORY_MS, RISK_COLUMNS
from streams.clickhouse.reader import Reader
from streams.settings import Settings

_NEWER = f"""
SELECT {", ".join(RISK_COLUMNS)} FROM risks
WHERE version > %(version)s AND last_ms >= (SELECT max(last_ms) FROM risks) - {MEMORY_MS}
"""  # noqa: S608 - own names


class PolledRisks:
    """For one thread at a time, which :meth:`poll` blocks.

    Parameters
    ----------
    stop
        Once set, an outage isn't waited for.
    """

    def __init__(self, settings: Settings, *, stop: threading.Event) -> None:
        self._reader = Reader(settings, stop=stop)
        self._version = 0

    def poll(self) -> Mapping[str, Any]:
        """The rows of ``risks`` that are newer than those of the last time, by column; at first all."""
        rows = self._reader.columns(_NEWER, {"version": self._version})
        self._version = max(self._version, int(rows["version"].max(initial=0)))
        return rows

    def close(self) -> None:
        """Disconnect. It may go on afterwards."""
        self._reader.close()
