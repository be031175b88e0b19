"""The console as the user of ClickHouse that was made for it, who may read and no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.stack import LocalStack
from schemas.access import CONSOLE
from streams.clickhouse.migrate import migrate
from streams.clickhouse.writer import Writer
from streams.console.panels import PANELS
from streams.console.reading import open_reader, reading
from streams.errors import Fatal
from streams.local_settings import STACK_FOLDER, settings_here
from streams.settings import Settings
from tests.streams.console.conftest import Open
from tests.streams.console.shop import Shop


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """As commands have them beside a stack with users."""
    here = tmp_path_factory.mktemp("users")
    stack = LocalStack(here / STACK_FOLDER, members=("clickhouse",), users=True)
    stack.up()
    settings = settings_here({}, here)
    migrate(settings)
    yield settings
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


def test_it_does_not_write(settings: Settings) -> None:
    reader = open_reader(reading(settings))
    with pytest.raises(Fatal, match=r"code (164|497), "):
        reader.query("INSERT INTO segment_rounds (at_ms) VALUES (1)")
    reader.close()
