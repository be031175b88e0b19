"""Grafana's dashboards: each panel explains itself, asks for what is exposed, and its SQL runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.access import ANALYST
from streams.clickhouse.reader import Reader
from streams.settings import Settings
from tests.deploy.promql import unknown

_TIME_FILTER = re.compile(r"\$__timeFilter\(((?:[^()]|\([^()]*\))*)\)")
FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
PROVISIONING = FOLDER / "provisioning"
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in (FOLDER / "dashboards").glob("*.json")
}
SOURCES = {
    source["uid"]: source["type"]
    for source in yaml.safe_load((PROVISIONING / "datasources" / "footfall.yml").read_text())["datasources"]
}


def panels() -> Iterator[Any]:
    for name, board in BOARDS.items():
        for panel in board["panels"]:
            if panel["type"] != "row":
                yield pytest.param(panel, id=f"{name}: {panel['title']}")


def targets(key: str) -> Iterator[Any]:
    for panel in panels():
        for target in panel.values[0]["targets"]:
            if key in target:
                yield pytest.param(target[key], id=f"{panel.id} {target['refId']}")


def test_there_are_three() -> None:
    assert BOARDS.keys() == {"pipeline", "models", "text"}
    assert len({board["uid"] for board in BOARDS.values()}) == 3
    provider = yaml.safe_load((PROVISIONING / "dashboards" / "footfall.yml").read_text())["providers"][0]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"


@pytest.mark.parametrize("panel", list(panels()))
def test_a_panel_explains_itself(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]
    for source in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
        assert SOURCES[source["uid"]] == source["type"]


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_panels_do_not_overlap(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[name]["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.parametrize("expression", list(targets("expr")))
def test_panels_ask_for_what_is_exposed(expression: str) -> None:
    assert unknown(expression) == []


@pytest.mark.parametrize("sql", list(targets("rawSql")))
def test_panels_ask_clickhouse_as_an_analyst(sql: str) -> None:
    assert "username: footfall_analyst" in (PROVISIONING / "datasources" / "footfall.yml").read_text()
    named = re.findall(r"\b(?:FROM|JOIN) +(\w+)", sql)
    assert named
    assert [name for name in named if not ANALYST.may_read(name)] == []


def test_panels_ask_clickhouse_what_it_can_answer(settings: Settings) -> None:
    asked = [target.values[0] for target in targets("rawSql")]
    assert asked
    with closing(Reader(settings)) as reader:
        for sql in asked:
            reader.query(_TIME_FILTER.sub(r"\1 >= now() - 60", sql))
