"""The console as the user of ClickHouse that was made for it, who may read and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.local.stack import LocalStack
from schemas.access import CONSOLE
from schemas.topics import LABELS
from streams.clickhouse.migrate import migrate
from streams.clickhouse.writer import Writer
from streams.console.panels import PANELS
from streams.console.reading import open_reader, reading
from streams.errors import Fatal
from streams.local_settings import STACK_FOLDER, settings_here
from streams.settings import Secret, Settings
from tests.streams.conftest import with_topics
from tests.streams.console.conftest import Open
from tests.streams.console.shop import Shop
from tests.streams.worker.on_topic import messages


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, kafka: str) -> Iterator[Settings]:
    """As commands have them beside a stack with users."""
    here = tmp_path_factory.mktemp("users")
    stack = LocalStack(here / STACK_FOLDER, members=("clickhouse",), users=True)
    stack.up()
    settings = settings_here({}, here)
    migrate(settings)
    yield with_topics(settings, kafka)
    stack.down()


def test_it_is_found_beside_the_local_stack(settings: Settings) -> None:
    assert settings.console_clickhouse.startswith(f"clickhouse://{CONSOLE.user}:")
    assert reading(settings).clickhouse == settings.console_clickhouse


def test_every_panel_is_read(settings: Settings, open_console: Open) -> None:
    writer = Writer(settings)
    shop = Shop(writer)
    shop.passes()
    shop.does("ann", "view", 9)
    shop.profile("ann", spent=3.0)
    shop.alert("first")
    shop.moves("loyal", "ann", "enter", 1)
    shop.looks()
    for number in range(3):
        shop.review("boots", 60 + number, 0.8)
        shop.review("boots", 3 + number, -0.6)
    writer.close()
    site = open_console(settings)
    found = {name: site.panel(name, **({"user_id": "ann"} if name == "shopper" else {})) for name in PANELS}
    assert found["funnel"]["steps"][0]["shoppers"] == 1
    assert [one["item"] for one in found["sentiment"]["items"]] == ["boots"]
    assert [one["alert_id"] for one in found["alerts"]["alerts"]] == ["first"]
    assert found["shopper"]["profile"]["totals"]["spent"] == 3.0


def test_an_ack_reaches_the_topic_by_who_may_only_read(settings: Settings, open_console: Open) -> None:
    writer = Writer(settings)
    Shop(writer).alert("waits", "ann")
    writer.close()
    site = open_console(replace(settings, clickhouse=Secret("clickhouse://127.0.0.1:1")))
    body = {"alert_id": "waits", "verdict": "fraud"}
    wanted = {**body, "is_new": True}
    assert site.ask("POST", "/api/ack", body)[:2] == (200, wanted)
    assert site.ask("POST", "/api/ack", body)[:2] == (200, wanted), "no worker has read it yet"
    said = [json.loads(value) for _, value in messages(settings, LABELS)]
    assert {(one["event_id"], one["target"], one["verdict"]) for one in said} == {
        (said[0]["event_id"], "waits", "fraud")
    }


def test_it_does_not_write(settings: Settings) -> None:
    reader = open_reader(reading(settings))
    with pytest.raises(Fatal, match=r"code (164|497), "):
        reader.query("INSERT INTO segment_rounds (at_ms) VALUES (1)")
    reader.close()
