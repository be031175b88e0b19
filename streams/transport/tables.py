"""Faust's tables, of which there are none: what remains is the resumption of streams after each rebalance."""

from __future__ import annotations

import logging
from typing import Any

from faust.tables.manager import TableManager as FaustTableManager
from faust.tables.recovery import Recovery as FaustRecovery


class Recovery(FaustRecovery):
    logger = logging.getLogger("faust.tables")
    app: Any

    async def _resume_streams(self, generation_id: int = 0) -> None:
        """Runs outside of the rebalance, so that the handler may take longer than the session timeout."""
        if await self.app.consumer.announce():
            await super()._resume_streams(generation_id)

    async def _wait(self, coro: Any, timeout: Any = None) -> None:
        """Without the timeout, after which Faust would stop resuming for good while it stays in the group."""
        await super()._wait(coro)


class TableManager(FaustTableManager):
    logger = logging.getLogger("faust.tables")

    @property
    def recovery(self) -> FaustRecovery:
        if self._recovery is None:
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        """Faust sleeps for a second first, for tables that declare themselves late."""
        await self._update_channels()
        await self.recovery.start()
