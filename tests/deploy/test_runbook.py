"""The runbook: a section for whatever may be told, and commands that exist."""

from __future__ import annotations

import re
import shlex
from contextlib import closing
from pathlib import Path
from typing import get_args

import click
import pytest

from schemas.alerts import SystemKind
from streams.clickhouse.reader import Reader
from streams.commands import main
from streams.settings import Settings
from tests.deploy.test_prometheus import RULES

TEXT = (Path(__file__).parents[2] / "deploy" / "RUNBOOK.md").read_text()
SECTIONS: dict[str, str] = dict(re.findall(r"^## (\S+)\n(.*?)(?=^#|\Z)", TEXT, re.DOTALL | re.MULTILINE))
COMMANDS = sorted(
    set(re.findall(r"`(footfall [^`]+)`", TEXT.replace("\n  ", " ")))
    | {line.strip().partition("  ")[0] for line in re.findall(r"^    footfall .*$", TEXT, re.MULTILINE)}
)


def anchor(title: str) -> str:
    """As Markdown is shown on the usual sites."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


ANCHORS = {anchor(title) for title in SECTIONS}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_of_prometheus_leads_to_its_section(rule: dict[str, dict[str, str]]) -> None:
    path, _, at = rule["annotations"]["runbook_url"].partition("#")
    assert path == "deploy/RUNBOOK.md"
    assert at == anchor(str(rule["alert"]))
    assert at in ANCHORS


def test_there_is_a_section_for_each_kind_of_system_alert_and_none_for_nothing() -> None:
    assert set(get_args(SystemKind)) <= SECTIONS.keys()
    told = {rule["alert"] for rule in RULES} | set(get_args(SystemKind)) | {"alerts.unacked"}
    assert SECTIONS.keys() == told


@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over(title: str) -> None:
    assert re.findall(r"^- \*\*(\w+):\*\* \S", SECTIONS[title], re.MULTILINE) == ["Means", "Look", "Do", "Over"]


def test_links_lead_somewhere() -> None:
    assert set(re.findall(r"\]\(#([^)]*)\)", TEXT)) <= ANCHORS


def test_settings_are_settings() -> None:
    named = dict.fromkeys(re.findall(r"\bFOOTFALL_[A-Z_]+\b", TEXT), "")
    known = {"FOOTFALL_" + name.upper() for name in Settings.__dataclass_fields__}
    assert named.keys() <= known


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_are_as_they_are_written(line: str) -> None:
    """They are parsed, options and all, and not run."""
    context, words = click.Context(main), shlex.split(line)[1:]
    command: click.Command = main
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
        context = click.Context(command, parent=context, info_name=name)
    command.make_context(context.info_name, words, parent=context.parent)


def test_queries_can_be_answered(settings: Settings) -> None:
    queries = [shlex.split(line)[2] for line in COMMANDS if line.startswith("footfall query ")]
    assert len(queries) >= 3
    with closing(Reader(settings)) as reader:
        for sql in queries:
            reader.query(sql)
