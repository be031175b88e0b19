"""Alerts as they come to their topics."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal, get_args

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.alerts import Alert, SystemAlert
from schemas.topics import ALERTS_CHURN, ALERTS_FRAUD, ALERTS_SYSTEM, TopicNames
from streams.errors import Fatal, Retryable
from streams.settings import Settings
from streams.transport.security import aiokafka_auth, bootstrap_servers
from streams.transport.topics import describe

Followed = Literal["fraud", "churn", "system"]
FOLLOWED: tuple[Followed, ...] = get_args(Followed)

REMEMBERED = 100_000
"""Alerts of which a repeat is left out: some 10 MB of ids."""

_TOPICS: dict[Followed, str] = {"fraud": ALERTS_FRAUD, "churn": ALERTS_CHURN, "system": ALERTS_SYSTEM}

log = logging.getLogger(__name__)


async def tail(
    settings: Settings, kinds: Sequence[Followed], *, from_start: bool = False, ready: Callable[[], None] = lambda: None
) -> AsyncIterator[Alert | SystemAlert]:
    """The alerts of these kinds from now on, without end; with ``from_start`` first those that are on the topics.

    It belongs to no consumer group, so it takes nothing from others. An alert that comes again is left out, for as long
    as it is one of the last ``REMEMBERED``. ``ready`` is called once none that comes will be missed. Raises
    ``Retryable`` where no broker answers, ``Fatal`` where a topic isn't there.
    """
    names = TopicNames(prefix=settings.topic_prefix)
    counts = await describe(settings)
    wanted: dict[str, type[Alert] | type[SystemAlert]] = {
        names.on_broker(_TOPICS[kind]): SystemAlert if kind == "system" else Alert for kind in kinds
    }
    for name in wanted:
        if name not in counts:
            raise Fatal(f"topic {name} does not exist; create it with `footfall topics create`")
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers(settings), **aiokafka_auth(settings))
    seen = OrderedDict[str, None]()
    try:
        await consumer.start()
        partitions = [TopicPartition(name, number) for name in wanted for number in range(counts[name])]
        consumer.assign(partitions)
        await (consumer.seek_to_beginning() if from_start else consumer.seek_to_end())
        for partition in partitions:
            await consumer.position(partition)
        ready()
        async for record in consumer:
            try:
                alert: Alert | SystemAlert = msgspec.json.decode(record.value or b"", type=wanted[record.topic])
            except msgspec.MsgspecError:
                log.warning("%s, partition %d, offset %d: no alert", record.topic, record.partition, record.offset)
                continue
            if alert.alert_id not in seen:
                yield alert
            seen[alert.alert_id] = None
            seen.move_to_end(alert.alert_id)
            if len(seen) > REMEMBERED:
                seen.popitem(last=False)
    except (KafkaError, OSError) as error:
        raise Retryable(f"Kafka at {settings.kafka} failed: {error!r}") from None
    finally:
        await consumer.stop()
