"""How topics are kept, on both brokers: as created, as they differ, and brought up to date."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from click.testing import CliRunner, Result

from schemas.topics import ALERTS_FRAUD, ALL, CLICKS
from streams.commands import main
from streams.settings import Settings
from streams.transport import describe, ensure_topics
from streams.transport.topic_configs import Difference, configure, differences, wanted_configs
from tests.waiting import wait_until

WAIT_S = 10.0
DAY_MS = 86_400_000


def test_topics_are_created_as_they_are_to_be_kept(bare: Any) -> None:
    asyncio.run(ensure_topics(bare.settings))
    wait_until_as_wanted(bare.settings)
    inputs, outputs = (configs_of(bare.settings, topic) for topic in (CLICKS, ALERTS_FRAUD))
    assert (inputs["retention.ms"], outputs["retention.ms"]) == (str(7 * DAY_MS), str(30 * DAY_MS))
    assert (inputs["cleanup.policy"], outputs["cleanup.policy"]) == ("delete", "compact,delete")


def test_what_differs_is_brought_up_to_date_and_the_rest_stays(bare: Any) -> None:
    create_by_hand(bare.settings, CLICKS, {"retention.ms": "1234000", "max.message.bytes": "2000000"})
    asyncio.run(ensure_topics(bare.settings))
    found = asyncio.run(differences(bare.settings))
    name = bare.settings.topic_prefix + CLICKS
    expected = Difference(topic=name, config="retention.ms", found="1234000", wanted=str(7 * DAY_MS))
    assert expected in found
    assert {difference.topic for difference in found} == {name}

    asyncio.run(configure(found, bare.settings))
    wait_until_as_wanted(bare.settings)
    assert configs_of(bare.settings, CLICKS)["max.message.bytes"] == "2000000"


def test_a_retention_of_no_days_is_the_brokers(bare: Any) -> None:
    settings = replace(bare.settings, retention_input_days=0)
    create_by_hand(settings, CLICKS, {"retention.ms": "1234000", "cleanup.policy": "delete"})
    assert asyncio.run(differences(settings)) == []


def test_the_command_tells_and_changes_only_when_asked(bare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def create(*options: str, output_days: int) -> Result:
        settings = replace(bare.settings, retention_output_days=output_days)
        for name, value in settings.to_env().items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(main, ["topics", "create", *options])

    assert create(output_days=1).output.startswith("Created: ")
    assert create(output_days=1).output == "All topics exist.\n"
    name = bare.settings.topic_prefix + ALERTS_FRAUD
    told = create(output_days=2).output
    assert f"{name}: retention.ms is {DAY_MS}, not {2 * DAY_MS}\n" in told
    assert told.endswith("They stay as they are; `footfall topics create --update` configures them so.\n")
    assert create("--update", output_days=2).output == told.replace(told.splitlines()[-1], "Configured them so.")
    wait_until_as_wanted(replace(bare.settings, retention_output_days=2))
    assert create(output_days=2).output == "All topics exist.\n"


def test_every_topic_is_kept_somehow() -> None:
    settings = Settings(topic_prefix="shop.")
    assert list(wanted_configs(settings)) == ["shop." + topic for topic in ALL]


def wait_until_as_wanted(settings: Settings) -> None:
    """Apache Kafka tells of a change a moment later."""
    wait_until(
        lambda: topics_of(settings) == set(ALL) and asyncio.run(differences(settings)) == [], WAIT_S, "nothing differs"
    )


def topics_of(settings: Settings) -> set[str]:
    return {name.removeprefix(settings.topic_prefix) for name in asyncio.run(describe(settings))} & set(ALL)


def create_by_hand(settings: Settings, topic: str, configs: dict[str, str]) -> None:
    async def create() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
        await admin.start()
        await admin.create_topics([NewTopic(settings.topic_prefix + topic, 2, 1, topic_configs=configs)])
        await admin.close()

    asyncio.run(create())
    wait_until(lambda: topic in topics_of(settings), WAIT_S, "the topic is there")


def configs_of(settings: Settings, topic: str) -> dict[str, str]:
    async def ask() -> dict[str, str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
        await admin.start()
        asked = ConfigResource(ConfigResourceType.TOPIC, settings.topic_prefix + topic)
        (answer,) = await admin.describe_configs([asked])
        await admin.close()
        (*_, entries) = answer.resources[0]
        return {name: value for name, value, *_ in entries}

    return asyncio.run(ask())
