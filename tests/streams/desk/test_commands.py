"""The commands of the desk, on a real engine and broker."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from click.testing import Result

from schemas.topics import LABELS
from streams.clickhouse.reader import Reader
from streams.desk.listing import Selection, listed
from streams.settings import Settings
from tests.streams.desk.conftest import Run
from tests.streams.desk.planted import HOUR_MS, T0, Planted
from tests.streams.desk.test_listing import HOSTILE
from tests.streams.worker.on_topic import messages

DEADLINE_S = 100


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def ids(result: Result) -> list[str]:
    return [line["alert_id"] for line in lines(result)]


@pytest.fixture
def three(planted: Planted) -> list[str]:
    """The newest first, of one, two and three hours ago."""
    now = now_ms() - T0
    return [
        planted.alert("ann", "c", now - HOUR_MS, score=0.99),
        planted.alert("bob", "b", now - 2 * HOUR_MS, kind="churn", score=0.96),
        planted.alert("eve\x1b[2J", "a", now - 3 * HOUR_MS, score=0.92),
    ]


def test_list_filters_and_escapes(run: Run, three: list[str]) -> None:
    assert ids(run("list", "--json")) == three
    assert ids(run("list", "--json", "--limit", "2")) == three[:2]
    assert ids(run("list", "--json", "--kind", "fraud", "--min-score", "0.95")) == three[:1]
    assert ids(run("list", "--json", "--user", "bob")) == three[1:2]
    assert ids(run("list", "--json", "--since", "2100-01-01")) == []
    assert run("list", "--state", "snoozed").stdout == "No such alerts.\n"
    shown = run("list").stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["alert", *three]
    assert shown[1].rstrip().endswith("3 orders in 1 h")
    assert r"eve\x1b[2J" in shown[3]


def test_what_is_acknowledged_is_listed_as_such(run: Run, three: list[str], on_broker: Settings) -> None:
    said = run("ack", three[0], "--verdict", "fraud", "--by", "ann")
    assert (said.exit_code, said.stdout) == (0, f"{three[0]} acknowledged as fraud\n")
    assert run("ack", three[0], "--verdict", "fraud").stdout == f"{three[0]} was fraud already\n"
    assert run("ack", three[0], "--verdict", "ok").stdout == f"{three[0]} acknowledged as ok, before as fraud\n"
    (found,) = lines(run("list", "--state", "acknowledged", "--json"))
    assert (found["alert_id"], found["verdict"], bool(found["said_by"])) == (three[0], "ok", True)
    assert "acknowledged (ok by " in run("list", "--state", "any").stdout
    assert len(messages(on_broker, LABELS)) == 2


def test_ids_come_on_standard_input(run: Run, three: list[str]) -> None:
    answer = run("ack", "-", "--verdict", "ignore", "--json", given="\n".join([three[1], "", f" {three[2]} "]))
    assert [(one["alert_id"], one["verdict"]) for one in lines(answer)] == [
        (three[1], "ignore"),
        (three[2], "ignore"),
    ]
    assert run("ack", "-", "--verdict", "ok", given="\n").stderr == "footfall: No alert's id was given\n"
    assert ids(run("list", "--json")) == three[:1]


def test_what_is_snoozed_waits_no_longer_until_it_is_woken(run: Run, three: list[str]) -> None:
    assert run("ack", three[2], "--verdict", "ok").exit_code == 0
    said = run("snooze", three[0], three[2], "--hours", "4").stdout.splitlines()
    assert said[0].startswith(f"{three[0]} waits again from 20")
    assert said[1] == f"{three[2]} stays acknowledged"
    assert ids(run("list", "--json")) == three[1:2]
    assert " until 20" in run("list", "--state", "snoozed").stdout
    run("snooze", "-", "--hours", "0", given=three[0])
    assert ids(run("list", "--json")) == three[:2]


def test_stats_tell_what_became_of_the_alerts(run: Run, three: list[str]) -> None:
    assert run("ack", three[0], "--verdict", "fraud").exit_code == 0
    found = lines(run("stats", "--json"))
    assert sum(one["raised"] for one in found) == 3
    assert sum(one["fraud"] for one in found) == 1
    (waited,) = [one["median_to_ack_s"] for one in found if one["median_to_ack_s"]]
    assert 3_600 <= waited < 3_600 + DEADLINE_S
    (shown,) = (line for line in run("stats").stdout.splitlines() if " min" in line)
    assert shown.split()[-1] == "1.00"


def test_what_is_hostile_is_a_text_and_nothing_else(
    run: Run, three: list[str], reader: Reader, on_broker: Settings
) -> None:
    at_ms = now_ms()
    before = listed(reader, on_broker, Selection(), now_ms=at_ms, limit=10)
    for hostile in HOSTILE:
        for words in (["list", "--kind"], ["list", "--state"], ["list", "--since"], ["list", "--limit"]):
            assert run(*words, hostile).exit_code == 2
        for words in (["list", "--min-score"], ["tail", "--kind"], ["stats", "--days"]):
            assert run(*words, hostile).exit_code == 2
        assert run("snooze", three[0], "--hours", hostile).exit_code == 2
        assert run("ack", three[0], "--verdict", hostile).exit_code == 2
    for hostile in HOSTILE[:4]:
        for words in (["ack", "--verdict", "fraud"], ["snooze", "--hours", "1"]):
            refused = run(*words, "--", hostile)
            assert (refused.exit_code, refused.stdout) == (2, "")
            assert refused.stderr == f"footfall: There is no alert {hostile!r}\n"
            assert run(*words, "-", given=f"{three[0]}\n{hostile}").exit_code == 2
        assert run("list", "--user", hostile, "--json").stdout == ""
    assert listed(reader, on_broker, Selection(), now_ms=at_ms, limit=10) == before
    hostile = HOSTILE[0]
    assert run("ack", three[0], "--verdict", "ok", "--by", hostile).exit_code == 0
    assert run("snooze", three[1], "--hours", "1", "--by", hostile).exit_code == 0
    assert [one["said_by"] for one in lines(run("list", "--state", "acknowledged", "--json"))] == [hostile]


def test_there_may_be_none(run: Run) -> None:
    assert run("stats").stdout == "No alerts.\n"
