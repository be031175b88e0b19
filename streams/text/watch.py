"""Watches a worker's lag: a metric, and spells of overload that operators are told of."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Collection, Sequence

from schemas.alerts import SystemAlert
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.leader.telling import tell
from streams.settings import Settings
from streams.text.intake import Portion
from streams.text.lag import lags_s
from streams.text.metrics import Metrics
from streams.text.spells import Spells, open_spells
from streams.worker.delivery import Delivery

log = logging.getLogger(__name__)


class Watch:
    """Of the event loop, but for :meth:`begun`.

    Parameters
    ----------
    model
        Name of the text model.
    stop
        Once set, telling doesn't wait for ClickHouse.
    """

    def __init__(
        self, settings: Settings, delivery: Delivery, metrics: Metrics, *, model: str, stop: threading.Event
    ) -> None:
        self._settings = settings
        self._delivery = delivery
        self._metrics = metrics
        self._model = model
        self._writer = Writer(settings, stop=stop)
        self._partitions: Sequence[int] = ()
        self._spells = Spells(model, limit_s=settings.text_lag_alert_s)
        self._untold: list[SystemAlert] = []
        self._found = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether the lag is too long."""
        return self._spells.is_over

    def begun(self, reader: Reader, writer: Writer, partitions: Collection[int]) -> list[SystemAlert]:
        """The beginnings of spells that go on. They are told again, since the worker before may have ended while it
        told them. Blocks; on any thread but the event loop's."""
        begun = open_spells(reader, partitions)
        tell(begun, self._settings, writer, self._delivery)
        return begun

    def take_over(self, partitions: Sequence[int], begun: Sequence[SystemAlert]) -> None:
        """Watch these from now on, until :meth:`let_go`."""
        self._partitions = partitions
        self._spells = Spells(self._model, limit_s=self._settings.text_lag_alert_s, begun=begun)

    def let_go(self) -> None:
        self._partitions = ()
        self._metrics.lag.clear()

    def look(self, waiting: Sequence[Portion], in_windows: Sequence[Portion], *, now_ms: int) -> None:
        if not self._partitions:
            return
        lags = dict.fromkeys(self._partitions, 0.0) | lags_s([*waiting, *in_windows], now_ms)
        for alert in self._spells.note(lags, now_ms=now_ms):
            log.warning("%s", alert.text)
            self._untold.append(alert)
            self._found.set()
        n_texts = {
            stage: sum(len(portion.texts) for portion in portions)
            for stage, portions in (("waiting", waiting), ("window", in_windows))
        }
        self._metrics.watched(lags, self.is_over, n_texts)

    async def tell_forever(self) -> None:
        """Into the table and to the topic. Raises ``Fatal`` where that can't be."""
        while True:
            await self._found.wait()
            self._found.clear()
            alerts, self._untold = self._untold, []
            await asyncio.to_thread(tell, alerts, self._settings, self._writer, self._delivery)
