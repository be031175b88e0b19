"""The topics on the broker: creating them, looking at them, and refusing those that can't work."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, NoError, TopicAlreadyExistsError, for_code

from schemas.topics import ALL, BEHAVIOUR, CONFIGS, TopicNames
from streams.errors import Fatal, Retryable
from streams.settings import Settings
from streams.transport.security import aiokafka_auth, bootstrap_servers

REQUEST_TIMEOUT_MS = 10_000
RETRY_INTERVAL_S = 0.5

log = logging.getLogger(__name__)


async def ensure_topics(settings: Settings) -> list[str]:
    """Create what is missing of all topics; existing ones stay as they are. Returns the names of those created.

    Raises ``Retryable`` while no broker answers, ``Fatal`` where the broker refuses.
    """
    existing = await describe(settings)
    names = TopicNames(prefix=settings.topic_prefix)
    wanted = [
        NewTopic(
            name,
            num_partitions=settings.partitions,
            replication_factor=settings.replication,
            topic_configs=CONFIGS.get(topic, {}),
        )
        for topic in ALL
        if (name := names.on_broker(topic)) not in existing
    ]
    if not wanted:
        return []
    async with _admin(settings) as admin:
        answer = await admin.create_topics(wanted)
    created = []
    for name, code, *reason in answer.topic_errors:
        error = for_code(code)
        if error is NoError:
            created.append(name)
        elif error is not TopicAlreadyExistsError:
            raise Fatal(f"topic {name} can't be created: {error.__name__} {' '.join(map(str, reason))}".rstrip())
    return created


async def describe(settings: Settings) -> dict[str, int]:
    """Partition count by name of all topics that the broker has. Raises ``Retryable`` while no broker answers."""
    async with _admin(settings) as admin:
        topics = await admin.describe_topics()
    return {topic["topic"]: len(topic["partitions"]) for topic in topics if for_code(topic["error_code"]) is NoError}


async def wait_for_topics(settings: Settings) -> dict[str, int]:
    """Like :func:`describe`, but waits for a broker that doesn't answer; ``Fatal`` after the outage deadline."""
    deadline = time.monotonic() + settings.outage_deadline_s
    told = False
    while True:
        try:
            return await describe(settings)
        except Retryable as error:
            if time.monotonic() > deadline:
                raise Fatal(str(error)) from error
            if not told:
                log.warning("%s; the worker waits for %g s", error, settings.outage_deadline_s)
                told = True
        await asyncio.sleep(RETRY_INTERVAL_S)


def check_partition_counts(counts: Mapping[str, int], names: TopicNames, topics: tuple[str, ...]) -> None:
    """Raises ``Fatal`` where one of ``topics`` is missing, or where those that make up a profile differ.

    ``counts`` has the partition counts by name on the broker, 0 or nothing for a topic that isn't there.
    """
    for topic in topics:
        name = names.on_broker(topic)
        if not counts.get(name):
            raise Fatal(f"topic {name} does not exist; create it with `footfall topics create`")
    behaviour = {names.on_broker(topic): counts[names.on_broker(topic)] for topic in BEHAVIOUR if topic in topics}
    if len(set(behaviour.values())) > 1:
        listed = ", ".join(f"{name} has {count}" for name, count in behaviour.items())
        raise Fatal(f"these topics must have the same number of partitions, but {listed}")


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap_servers(settings),
        client_id=settings.group,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        **aiokafka_auth(settings),
    )
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError, TimeoutError) as error:
        reason = "" if isinstance(error, KafkaConnectionError) else f": {error or type(error).__name__}"
        raise Retryable(f"Kafka at {settings.kafka} ({settings.kafka_security}) doesn't answer{reason}") from error
    finally:
        await admin.close()
