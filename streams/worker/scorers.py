"""The scorers of a worker: it polls for new snapshots and decisions."""

from __future__ import annotations

import logging
import threading

from models.catalogue import MODELS, ModelSpec
from models.lineup import Lineup
from models.scoring import Scorer
from schemas.alerts import Kind
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.decisions import lineups
from streams.errors import SnapshotUnusable
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore

logger = logging.getLogger(__name__)


class PolledScorers:
    """For one thread at a time, which :meth:`poll` blocks.

    Parameters
    ----------
    stop
        Once set, an outage isn't waited for.
    """

    def __init__(self, settings: Settings, *, stop: threading.Event) -> None:
        self._settings = settings
        self._reader = Reader(settings, stop=stop)
        self._writer = Writer(settings, stop=stop)
        self._store = SnapshotStore(settings, self._reader, self._writer)
        self._scorers: dict[str, Scorer] = {}
        self._champions: dict[Kind, str] = {}
        self._said: dict[str, str] = {}

    def close(self) -> None:
        """Disconnect. It may go on afterwards."""
        self._reader.close()
        self._writer.close()

    def poll(self) -> dict[str, Scorer]:
        """A scorer by model, each kind's champion before its challengers; the same as before without another snapshot.

        A snapshot that may not be used is logged once, and what there was before it stays. At the first call there is
        nothing before it: raises ``SnapshotUnusable`` where it is a champion's.
        """
        versions = self._store.versions()
        scorers: dict[str, Scorer] = {}
        for kind, lineup in lineups(self._reader).items():
            for name in lineup.active:
                needed = name == lineup.champion and kind not in self._champions
                version = lineup.pins.get(name) or versions.get(name, "")
                self._scorers[name] = self._scorer(MODELS[name], version, needed=needed)
            self._champions[kind] = self._champion(kind, lineup)
            scorers |= {name: self._scorers[name] for name in (self._champions[kind], *lineup.active)}
        self._scorers = scorers
        return dict(scorers)

    def _scorer(self, spec: ModelSpec, version: str, *, needed: bool) -> Scorer:
        held = self._scorers.get(spec.name) or Scorer(spec, warm_up_examples=self._settings.warm_up_examples)
        if version in ("", held.version):
            return held
        try:
            found = self._store.at(spec, version)
        except SnapshotUnusable as error:
            if needed:
                raise
            self._say_once(f"score {spec.name}", f"{error}; {spec.name} goes on with {held.version or 'nothing'}")
            return held
        self._said.pop(f"score {spec.name}", None)
        return Scorer(spec, found, warm_up_examples=self._settings.warm_up_examples) if found else held

    def _champion(self, kind: Kind, lineup: Lineup) -> str:
        """The champion, or who was it before, as long as only that one can score."""
        wanted, before = lineup.champion, self._champions.get(kind, lineup.champion)
        if wanted != before and self._scorers[before].is_warm and not self._scorers[wanted].is_warm:
            self._say_once(f"champion {kind}", f"{wanted} can't score yet: {before} goes on as the champion of {kind}")
            return before
        if wanted != before:
            logger.info("%s is the champion of %s, after %s", wanted, kind, before)
        self._said.pop(f"champion {kind}", None)
        return wanted

    def _say_once(self, about: str, message: str) -> None:
        if self._said.get(about) != message:
            self._said[about] = message
            logger.error(message)
