"""Who was erased, as a text worker knows and respects it."""

from __future__ import annotations

import threading

from models.tombstones import Tombstones
from schemas.topics import REVIEW_TEXTS
from streams.clickhouse.reader import Reader
from streams.privacy.ingest import Ingest
from streams.privacy.tombstones import Seen, newer
from streams.settings import Settings
from streams.worker.claims import Claims


class Erased:
    """Parameters
    ----------
    ingest, claims
        Of the reading thread.

    Attributes
    ----------
    kept
        Makes of a dead letter what may be kept of it; for the writing thread.
    seen
        What the worker says of it; for the writing thread, too.
    """

    def __init__(
        self, settings: Settings, ingest: Ingest, claims: Claims, *, worker: str, stop: threading.Event
    ) -> None:
        self._settings = settings
        self._ingest = ingest
        self._claims = claims
        self._reader = Reader(settings, stop=stop)
        self.kept = Ingest(settings).letter
        self.seen = Seen(settings, worker=worker, stop=stop, reader=REVIEW_TEXTS)

    def look(self) -> Tombstones:
        """Those that there are. Blocks; for one thread at a time."""
        return newer(self._reader, self._settings, self._ingest.tombstones)

    def take_up(self, tombstones: Tombstones) -> set[int]:
        """On the reading thread: leave them out from now on. Returns the epochs of the worker's claims."""
        if tombstones.number > self._ingest.tombstones.number:
            self._ingest.tombstones = tombstones
        return {log.epoch for log in self._claims.logs.values()}
