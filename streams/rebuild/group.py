"""Keeping workers away while the profiles are swapped.

The group is asked first whether it has members; then this process joins it. Alone in it, it is given every partition,
and a worker that starts meanwhile waits until it leaves. Tansu goes on listing members that left, so that only joining
tells whether one is there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import GroupCoordinatorNotAvailableError, InconsistentGroupProtocolError, KafkaError

from schemas.topics import BEHAVIOUR, TopicNames
from streams.errors import Fatal, Retryable
from streams.settings import Settings
from streams.transport.security import aiokafka_auth, bootstrap_servers

POLL_INTERVAL_S = 0.5
REQUEST_TIMEOUT_MS = 10_000
HOLD_SESSIONS = 10
"""How many session timeouts a worker that starts during the swap is kept waiting, at most."""
JOIN_SESSIONS = 5
"""How many session timeouts joining may take: members that don't answer any more are waited for by the broker."""


@asynccontextmanager
async def held(settings: Settings, *, wait_s: float, waiting: Callable[[int], None]) -> AsyncIterator[None]:
    """Holds every partition while the context lasts.

    Waits up to ``wait_s`` for workers to stop; ``waiting`` is told once how many there are. Raises ``Fatal`` where
    there are some after that, ``Retryable`` where the broker doesn't answer.
    """
    deadline = time.monotonic() + wait_s
    told, shared = False, False
    while True:
        members = await _members(settings)
        out_of_time = time.monotonic() >= deadline
        # Joining makes workers that are there stop for a moment, so it isn't done over and over.
        if not members or not shared or out_of_time:
            async with _joined(settings) as alone:
                if alone:
                    yield
                    return
                shared = alone is False
            # Tansu loses track of a group of which two members leave at nearly the same time.
            await asyncio.sleep(settings.session_timeout_s)
        if out_of_time:
            raise Fatal(
                f"workers of the group {settings.group} are running: stop them and run `footfall rebuild` again, "
                "which goes on from here"
            )
        if not told:
            waiting(max(1, members))
            told = True
        await asyncio.sleep(POLL_INTERVAL_S)


async def _members(settings: Settings) -> int:
    """Members of the group, by the broker's list."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap_servers(settings), request_timeout_ms=REQUEST_TIMEOUT_MS, **aiokafka_auth(settings)
    )
    try:
        await admin.start()
        answers = await admin.describe_consumer_groups([settings.group])
        return sum(len(members) for answer in answers for _, _, _, _, _, members, *_ in answer.groups)
    except GroupCoordinatorNotAvailableError:
        return 0  # no group was ever on this broker
    except (KafkaError, OSError, TimeoutError) as error:
        raise _no_answer(settings, error) from None
    finally:
        await admin.close()


class _Holder(ConsumerRebalanceListener):  # type: ignore[misc]
    """Lets go of what it was assigned only once it is released."""

    def __init__(self) -> None:
        self.assigned: set[TopicPartition] = set()
        self.released = asyncio.Event()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.assigned = set(assigned)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        if revoked:
            await self.released.wait()


@asynccontextmanager
async def _joined(settings: Settings) -> AsyncIterator[bool | None]:
    """Whether this process, a member of the group while the context lasts, is the only one; None if it didn't get in
    because the group waits for members that are silent."""
    names = [TopicNames(prefix=settings.topic_prefix).on_broker(topic) for topic in BEHAVIOUR]
    session_ms = int(settings.session_timeout_s * 1000)
    holder = _Holder()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers(settings),
        client_id=f"{settings.group}-rebuild",
        group_id=settings.group,
        partition_assignment_strategy=[RangePartitionAssignor],
        enable_auto_commit=False,
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=session_ms // 5,
        rebalance_timeout_ms=HOLD_SESSIONS * session_ms,
        max_poll_interval_ms=HOLD_SESSIONS * session_ms,
        **aiokafka_auth(settings),
    )
    consumer.subscribe(names, listener=holder)
    try:
        alone = await _is_alone(settings, consumer, names, holder)
        if not alone:
            holder.released.set()
        yield alone
    finally:
        holder.released.set()
        await consumer.stop()


async def _is_alone(settings: Settings, consumer: AIOKafkaConsumer, names: list[str], holder: _Holder) -> bool | None:
    try:
        await asyncio.wait_for(consumer.start(), JOIN_SESSIONS * settings.session_timeout_s)
    except TimeoutError:
        return None
    except InconsistentGroupProtocolError:
        return False
    except (KafkaError, OSError) as error:
        raise _no_answer(settings, error) from None
    consumer.pause(*holder.assigned)
    return holder.assigned == {
        TopicPartition(name, at) for name in names for at in consumer.partitions_for_topic(name) or ()
    }


def _no_answer(settings: Settings, error: BaseException) -> Retryable:
    return Retryable(f"Kafka at {settings.kafka} doesn't answer: {error or type(error).__name__}")
