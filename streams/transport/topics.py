"""The topics on the broker: creating them, looking at them, and refusing those that can't work."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

from aiokafka.admin import NewTopic
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from schemas.topics import BEHAVIOUR, TopicNames
from streams.errors import Fatal, Retryable
from streams.settings import Settings
from streams.transport.administration import administering
from streams.transport.topic_configs import wanted_configs

RETRY_INTERVAL_S = 0.5

log = logging.getLogger(__name__)


async def ensure_topics(settings: Settings) -> list[str]:
    """Create what is missing of all topics; existing ones stay as they are. Returns the names of those created.

    Raises ``Retryable`` while no broker answers, ``Fatal`` where the broker refuses.
    """
    existing = await describe(settings)
    wanted = [
        NewTopic(
            name,
            num_partitions=settings.partitions,
            replication_factor=settings.replication,
            topic_configs=configs,
        )
        for name, configs in wanted_configs(settings).items()
        if name not in existing
    ]
    if not wanted:
        return []
    async with administering(settings) as admin:
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
    async with administering(settings) as admin:
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
