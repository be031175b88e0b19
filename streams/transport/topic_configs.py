"""The configuration of topics that exist: where it isn't as the settings want it, and bringing it there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import NoError, for_code

from schemas.topic_configs import topic_configs
from schemas.topics import TopicNames
from streams.errors import Fatal
from streams.settings import Settings
from streams.transport.administration import administering
from streams.transport.incremental_alter import IncrementalAlterConfigs


@dataclass(frozen=True, kw_only=True)
class Difference:
    topic: str
    """On the broker."""
    config: str
    found: str | None
    """None where the broker tells none."""
    wanted: str


def wanted_configs(settings: Settings) -> dict[str, dict[str, str]]:
    """By topic on the broker, what it is to be configured with."""
    names = TopicNames(prefix=settings.topic_prefix)
    wanted = topic_configs(input_days=settings.retention_input_days, output_days=settings.retention_output_days)
    return {names.on_broker(topic): configs for topic, configs in wanted.items()}


async def differences(settings: Settings) -> list[Difference]:
    """In the order of the topics; those that don't exist have none.

    Raises ``Retryable`` while no broker answers, ``Fatal`` where it refuses to tell.
    """
    wanted = wanted_configs(settings)
    async with administering(settings) as admin:
        existing = [topic for topic in await admin.list_topics() if topic in wanted]
        # All of a topic's configuration: Tansu closes the connection on whoever names the part that he wants.
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in existing]
        answers = await admin.describe_configs(asked)
    found = {}
    for code, reason, _, topic, entries in (resource for answer in answers for resource in answer.resources):
        _check(code, reason, f"the configuration of topic {topic} can't be read")
        found[topic] = {name: value for name, value, *_ in entries}
    return [
        Difference(topic=topic, config=config, found=found[topic].get(config), wanted=value)
        for topic, configs in wanted.items()
        if topic in found
        for config, value in configs.items()
        if found[topic].get(config) != value
    ]


async def configure(differing: Iterable[Difference], settings: Settings) -> None:
    """Configure topics as wanted; what else was configured of them stays. A broker may take a moment to tell so.

    Raises ``Retryable`` while no broker answers, ``Fatal`` where it refuses.
    """
    changes: dict[str, dict[str, str]] = defaultdict(dict)
    for difference in differing:
        changes[difference.topic][difference.config] = difference.wanted
    async with administering(settings) as admin:
        answer = await admin._send_request(IncrementalAlterConfigs(changes))
    for code, reason, _, topic in answer.resources:
        _check(code, reason, f"topic {topic} can't be configured")


def _check(code: int, reason: str | None, otherwise: str) -> None:
    error = for_code(code)
    if error is not NoError:
        raise Fatal(f"{otherwise}: {error.__name__} {reason or ''}".rstrip())
