"""What a worker follows while it runs: it polls the tables for what the leader and the operators have decided."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from models.scoring import Scorer, ranked
from models.tombstones import Tombstones
from schemas.alerts import ALERTED, Kind
from streams.clickhouse.reader import Reader
from streams.privacy.tombstones import newer
from streams.settings import Settings
from streams.thresholds import thresholds
from streams.worker.costs import Costs
from streams.worker.risks import PolledRisks
from streams.worker.scorers import PolledScorers


class Followed(NamedTuple):
    """What holds from now on."""

    scorers: Mapping[str, Scorer]
    """By model, each kind's champion before its challengers."""
    thresholds: Mapping[Kind, float]
    """The score from which the champion's are alerts, by kind of alert."""
    risks: Mapping[str, Any] = MappingProxyType({})
    """Rows that take the place of what is known, by column."""
    tombstones: Tombstones = Tombstones()
    """Who was erased."""


class Following:
    """For one thread at a time, which :meth:`poll` blocks.

    Parameters
    ----------
    stop
        Once set, an outage isn't waited for.
    """

    def __init__(self, settings: Settings, *, stop: threading.Event, costs: Costs) -> None:
        self._costs = costs
        self._settings = settings
        self._reader = Reader(settings, stop=stop)
        self._scorers = PolledScorers(settings, stop=stop)
        self._risks = PolledRisks(settings, stop=stop)
        self._tombstones = Tombstones()

    def poll(self) -> Followed:
        """Raises as :meth:`PolledScorers.poll` and :func:`~streams.privacy.tombstones.newer` do."""
        with self._costs.stage("poll"):
            scorers = self._scorers.poll()
            champions = {kind: ranked(scorers, kind)[0].spec.name for kind in ALERTED}
            self._tombstones = newer(self._reader, self._settings, self._tombstones)
            return Followed(
                scorers=scorers,
                thresholds=thresholds(self._reader, self._settings, champions),
                risks=self._risks.poll(),
                tombstones=self._tombstones,
            )

    def close(self) -> None:
        """Disconnect. It may go on afterwards."""
        self._reader.close()
        self._scorers.close()
        self._risks.close()
