"""Whether a worker is alive and does its work."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from streams.metrics.services import CLICKHOUSE, unanswering
from streams.transport.consumer_thread import End
from streams.worker.claims import TopicPartition
from streams.worker.figures import Figures

STALLED_S = 60.0
"""On top of an outage's deadline: the time without progress after which a worker with work isn't well. Sooner it may
wait for a service, and ends by itself when that takes too long."""
SILENT_S = 60.0
"""A worker asks ClickHouse every few seconds, and gets an answer within a duty of the leader's at worst."""


class Health:
    """A ``Probed``.

    Parameters
    ----------
    ends
        Gives how far the partitions are, on the broker.
    stalled_s
        Time without progress, while there is something to do, after which it isn't well.
    """

    def __init__(self, figures: Figures, ends: Callable[[], Mapping[TopicPartition, End]], *, stalled_s: float) -> None:
        self._figures = figures
        self._ends = ends
        self._stalled_s = stalled_s

    @property
    def unwell(self) -> str:
        stalled_s = time.monotonic() - self._figures.progress_at
        return "no progress" if stalled_s > self._stalled_s and self._has_work() else ""

    @property
    def unready(self) -> str:
        if not self._figures.is_assigned:
            return "not assigned"
        if not self._figures.followed:
            return "no models"
        if time.monotonic() - CLICKHOUSE.answered_at > SILENT_S:
            return "ClickHouse has not answered lately"
        return unanswering()

    def _has_work(self) -> bool:
        return self._figures.is_busy or any(end.next_fetched < end.after_last for end in self._ends().values())
