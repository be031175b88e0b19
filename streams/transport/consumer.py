"""Faust's consumer for runs: assignments from begin to end, acks in order, commits that keep up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.errors import Fatal
from streams.transport.assignment import Assignment
from streams.transport.consumer_thread import ConsumerThread, End
from streams.transport.handler import Partitions
from streams.transport.run import Fetched, RecordRun

REVOKE_SHARE = 0.8
"""The share of the session timeout in which revoked partitions are flushed, before the group goes on without us."""
COMMIT_TIMEOUT_S = 5.0
"""How long a last commit, at a revocation or at the end, is waited for. What it misses comes again."""

log = logging.getLogger(__name__)


class Consumer(driver.Consumer):
    """Delivers runs to the app's handler, and commits what their acks say.

    Faust's own acks are off for run topics (``acks=False``), so that nothing but an ack of a run moves an offset.
    """

    logger = logging.getLogger("faust.consumer")
    app: Any
    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._assignment = Assignment(0, set(), self._on_ack)
        self._announcement: asyncio.Task[None] | None = None

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, self.app.settings, loop=self.loop, beacon=self.beacon)

    def deliver(self, topic: str, partition: int, fetched: Fetched) -> RecordRun | None:
        """The run for the handler; None where the records are stale."""
        if fetched.epoch != self._thread.epoch:
            return None
        end = self.highwater(self._tp(topic, partition))
        return self._assignment.deliver(topic, partition, fetched.packed, end)

    def ends(self) -> dict[tuple[str, int], End]:
        """By assigned partition; those that nothing was fetched of yet are left out. From any thread."""
        found = {pair: self._thread.end(self._tp(*pair)) for pair in self._assignment.partitions}
        return {pair: end for pair, end in found.items() if end is not None}

    async def announce(self) -> bool:
        """Tell the handler its partitions. False where they were taken away meanwhile."""
        assignment = self._assignment
        handler = self.app.handler
        announcement = asyncio.ensure_future(handler.on_assigned(set(assignment.partitions)))
        self._announcement = announcement
        await asyncio.wait({announcement})
        if announcement.cancelled() or not assignment.counting:
            return False
        announcement.result()
        assignment.delivering = True
        return True

    async def end_announcement(self) -> None:
        """Cancel it if it is under way, so that what the handler is told next comes after it."""
        if self._announcement is not None and not self._announcement.done():
            self._announcement.cancel()
            await asyncio.wait({self._announcement})

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """aiokafka swallows what this raises, hence the crash."""
        app = self.app
        pairs = {(app.names.in_contract(tp.topic), tp.partition) for tp in assigned if tp.topic in app.run_topics}
        self._assignment = Assignment(self._assignment.generation + 1, pairs, self._on_ack)
        log.info("assigned %s", _listed(pairs))
        try:
            app.check_partition_counts({name: self._thread.partition_count(name) for name in app.run_topics})
            await super().on_partitions_assigned(assigned, generation_id)
        except Fatal as error:
            await self.app.crash(error)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self._thread.new_epoch()
        try:
            if self._assignment.partitions and not self.app.should_stop:
                await self._hand_over()
        except Exception as error:
            await self.app.crash(error)
        finally:
            self._assignment.counting = False
        await super().on_partitions_revoked(revoked)

    async def _hand_over(self) -> None:
        """Let the handler flush, and commit its last acks while this worker still is a member of the generation."""
        assignment = self._assignment
        assignment.delivering = False
        log.info("revoked %s", _listed(assignment.partitions))
        await self.end_announcement()
        app = self.app
        deadline_s = app.settings.session_timeout_s * REVOKE_SHARE
        try:
            await asyncio.wait_for(app.handler.on_revoked(set(assignment.partitions)), deadline_s)
        except TimeoutError:
            log.warning("flushing the revoked partitions took over %.1f s: their next owner does it again", deadline_s)
            return
        await self.commit_last()

    async def commit_last(self) -> None:
        """Commit all acks so far, also those that came while another commit was under way."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                await self.maybe_wait_for_commit_to_finish()
                await self.commit()

    async def on_stop(self) -> None:
        await self.commit_last()

    def on_buffer_full(self, tp: TP) -> None:
        """Faust would leave the partition out of polls, by up to a second too long. Here a full buffer just waits."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """A run's offset jumps by its length; what lies between is part of it."""

    def _new_offset(self, tp: TP) -> int | None:
        if tp.topic not in self.app.run_topics:
            return super()._new_offset(tp)
        acked = self._acked[tp]
        offset = max(acked) + 1 if acked else None
        acked.clear()
        return offset

    def _on_ack(self, topic: str, partition: int, last: int) -> None:
        self._acked[self._tp(topic, partition)].append(last)

    def _tp(self, topic: str, partition: int) -> TP:
        return TP(self.app.names.on_broker(topic), partition)

    async def verify_all_partitions_active(self) -> None:
        """Faust's livelock warnings compare offsets of runs as if they were records."""


class Transport(driver.Transport):
    Consumer = Consumer


def _listed(partitions: Partitions) -> str:
    """
    >>> _listed({("clicks", 1), ("carts", 0), ("clicks", 0)})
    'carts 0, clicks 0 1'
    """
    by_topic: dict[str, list[str]] = {}
    for topic, partition in sorted(partitions):
        by_topic.setdefault(topic, []).append(str(partition))
    return ", ".join(f"{topic} {' '.join(numbers)}" for topic, numbers in by_topic.items()) or "no partitions"
