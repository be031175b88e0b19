"""The thread that talks to the brokers: aiokafka's consumer, its settings, its commits, its health."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import aiokafka
import uvloop
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import ConsumerRecord, OffsetAndMetadata
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, ensure_aiokafka_TP
from faust.types import TP
from mode import Service
from mode.threads import WorkerThread

from streams.settings import Settings
from streams.transport.outage import OutageWatch
from streams.transport.packed import pack
from streams.transport.raw_batches import hand_out_batches
from streams.transport.run import Fetched
from streams.transport.security import aiokafka_auth, bootstrap_servers

FETCH_WAIT_MS = 50
"""How long a broker may wait for a first record. It answers for all partitions at once, so one that has been read up
waits as long, at most, where its neighbours have none."""
FETCH_PAUSE_S = 0.01
"""From an answer to the next request, so that it brings all that came meanwhile, and not each record by itself."""
FETCH_PARTITION_BYTES = 1_048_576
"""About what ``batch_records`` of small events take; a larger record is still fetched."""
REQUEST_TIMEOUT_MS = 30_000
"""After which a connection without an answer counts as dead."""
LEAVE_TIMEOUT_S = 5.0
"""How long leaving the group may take. Without it the group gives the member up after the session timeout."""
THREAD_STOP_TIMEOUT_S = 10.0
"""How long the end of the process waits for a thread that hangs in a call to a broker."""
THREAD_NAME = "consumer"

log = logging.getLogger(__name__)


class End(NamedTuple):
    """Of a partition, as of the latest answer of its broker."""

    after_last: int
    """The offset after its last record."""
    next_fetched: int
    """The offset from which on records weren't handed out yet: what lies before is on its way to the handler."""


class DaemonThread(WorkerThread):
    """Has a name, doesn't keep the process alive, and leaves the report of its errors to ``ConsumerThread.crash``."""

    def __init__(self, service: Any, **kwargs: Any) -> None:
        super().__init__(service, name=THREAD_NAME, **kwargs)
        self.daemon = True

    def run(self) -> None:
        try:
            super().run()
        except Exception:
            log.debug("the consumer's thread ended with an error", exc_info=True)

    def stop(self) -> None:
        if self is not threading.current_thread():
            self.join(THREAD_STOP_TIMEOUT_S)


class ConsumerThread(AIOKafkaConsumerThread):
    """Faust's, with the settings and the errors of ours.

    ``epoch`` counts the positions that reading started from: it changes with each revocation and each seek. Records
    of an earlier epoch must not be used, since the same ones, or some before them, will be read again.
    """

    logger = logging.getLogger("faust.consumer")
    Worker = DaemonThread

    app: Any

    def __init__(self, consumer: Any, settings: Settings, **kwargs: Any) -> None:
        super().__init__(consumer, thread_loop=uvloop.new_event_loop(), **kwargs)
        self._close_thread_loop_on_stop = True
        self.thread_loop.set_exception_handler(_on_stray_error)
        self.settings = settings
        self._epochs = itertools.count(1)
        self.epoch = 0

    def new_epoch(self) -> None:
        self.epoch = next(self._epochs)

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        """Assigned by range, which gives the same partition of all topics to the same worker; round robin doesn't."""
        settings = self.settings
        session_ms = int(settings.session_timeout_s * 1000)
        return aiokafka.AIOKafkaConsumer(
            bootstrap_servers=bootstrap_servers(settings),
            client_id=settings.group,
            group_id=settings.group,
            partition_assignment_strategy=[RangePartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=settings.batch_records,
            # Back-pressure stops polling for as long as ClickHouse is away, which must not end the membership.
            max_poll_interval_ms=int(
                max(settings.outage_deadline_s, settings.session_timeout_s) * 2000 + self.app.poll_s * 1000
            ),
            # A join is answered when the slowest member has joined, at the end of the rebalance timeout at worst.
            request_timeout_ms=session_ms + REQUEST_TIMEOUT_MS,
            session_timeout_ms=session_ms,
            rebalance_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 5,
            fetch_min_bytes=1,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=FETCH_PARTITION_BYTES,
            **aiokafka_auth(settings),
        )

    async def on_start(self) -> None:
        await super().on_start()
        hand_out_batches(self._ensure_consumer()._fetcher, self.app.run_topics, pause_s=FETCH_PAUSE_S)

    async def on_thread_stop(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_TIMEOUT_S):
                await super().on_thread_stop()

    async def _fetch_records(
        self, consumer: Any, active: set[TP], timeout: float | None = None, max_records: int | None = None
    ) -> Mapping[TP, Any]:
        """All that the fetcher has, so that it asks for more: ``batch_records`` limit a message, not a poll."""
        consumer._coordinator.check_errors()
        fetched = await super()._fetch_records(consumer, active, timeout)
        return {
            tp: self._runs(tp, records) if tp.topic in self.app.run_topics else records
            for tp, records in fetched.items()
        }

    def _runs(self, tp: TP, records: list[Any]) -> list[ConsumerRecord]:
        return [Fetched(self.epoch, packed).to_message(tp) for packed in pack(records, self.settings.batch_records)]

    async def seek_to_committed(self) -> Mapping[TP, int]:
        return dict(await self.call_thread(self._seek_to_committed))

    async def _seek_to_committed(self) -> Mapping[TP, int]:
        """Faust leaves a partition without a committed offset where it is, after records that it has thrown away."""
        consumer = self._ensure_consumer()
        committed: Mapping[TP, int] = await consumer.seek_to_committed()
        unread = [tp for tp, offset in committed.items() if not offset]
        if unread:
            await consumer.seek_to_beginning(*unread)
        self.new_epoch()
        return committed

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """False where the group has moved on: then the records come again. aiokafka retries what may pass."""
        consumer = self._ensure_consumer()
        if consumer._coordinator.generation < 0:
            return False  # a group that nobody is in would accept it, even after others came, worked and went
        try:
            await consumer.commit({ensure_aiokafka_TP(tp): OffsetAndMetadata(at, "") for tp, at in offsets.items()})
        except (CommitFailedError, IllegalStateError) as error:
            log.debug("offsets were not committed: %s", error)
            return False
        return True

    def highwater(self, tp: TP) -> int:
        try:
            return super().highwater(tp) or 0
        except IllegalStateError:  # the partition was revoked this very moment
            return 0

    def end(self, tp: TP) -> End | None:
        """From any thread."""
        subscription = self._consumer._subscription.subscription if self._consumer is not None else None
        assignment = subscription and subscription.assignment
        state = assignment and assignment.state_value(ensure_aiokafka_TP(tp))
        if not state or state.highwater is None or state._position is None:
            return None
        return End(state.highwater, state._position)

    def partition_count(self, topic: str) -> int:
        """Of a topic by its name on the broker, as of the last update of the metadata."""
        return len(self._ensure_consumer()._client.cluster.partitions_for_topic(topic) or ())

    @Service.task
    async def _watch_broker(self) -> None:
        watch = OutageWatch(self.settings)
        try:
            while not self.should_stop:
                await self.sleep(watch.interval_s)
                error = await watch.ask(self._ensure_consumer())
                if not self.should_stop:
                    watch.note(error)
        except Exception as error:
            if not self.should_stop:
                asyncio.run_coroutine_threadsafe(self.app.crash(error), self.parent_loop)

    def on_crash(self, msg: str, *fmt: Any, **_: Any) -> None:
        """Faust prints here; the worker does when it ends."""


def _on_stray_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Of a request of aiokafka's that nobody waits for any more; what matters comes by ``check_errors``."""
    log.debug("%s", context["message"], exc_info=context.get("exception"))
