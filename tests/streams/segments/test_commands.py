"""The commands of marketing, on a real engine."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.commands import main
from streams.settings import Settings
from streams.simulate.truth_file import TruthFile
from tests.streams.segments.conftest import Start
from tests.streams.segments.crowd import START_MS, Shop
from tests.streams.segments.plain import Event
from tests.streams.segments.profiles import DAY_MS, T0, Town
from tests.streams.segments.rounds import look

HOUR = 1 / 24
Run = Callable[..., Result]


@pytest.fixture
def run(on_broker: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    for name, value in on_broker.to_env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("streams.transport.logs.configure_logging", lambda level: None)
    return lambda *words: CliRunner().invoke(main, ["segments", *words])


@pytest.fixture
def carts(town: Town, start: Start) -> Town:
    """Carts of two that are left, one of them since the second round, and one that came back."""
    town.carts({"ann": 83.2, "bob": 30.0}, day=1)
    town.passes(1 + 2 * HOUR)
    look(start())
    town.carts({"bob": 0.0, "eve": 40.0}, day=1 + 3 * HOUR)
    town.passes(1 + 5 * HOUR)
    look(start())
    return town


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_list_counts_the_members_and_count_is_live(run: Run, carts: Town) -> None:
    found = {str(row["name"]): row for row in lines(run("list", "--json"))}
    assert len(found) == 9
    assert (found["cart_abandoners"]["members"], found["loyal"]["members"]) == (2, 0)
    assert "Cart abandoners" in run("list").stdout
    carts.carts({"dan": 50.0}, day=1 + 3 * HOUR)
    found = {row["name"]: row["shoppers"] for row in lines(run("count", "--json"))}
    assert (found["cart_abandoners"], found["loyal"], len(found)) == (3, 0, 9)
    assert run("count", "cart_abandoners").stdout.split()[-2:] == ["cart_abandoners", "3"]


def test_show_tells_who_is_in_it_and_diff_who_came_and_went(run: Run, carts: Town) -> None:
    shown = run("show", "cart_abandoners").stdout
    assert "2 shoppers now." in shown
    assert "cart of 83.20 left 5 h ago" in shown
    assert [row["user_id"] for row in json.loads(run("show", "cart_abandoners", "--json").stdout)["strongest"]] == [
        "ann",
        "eve",
    ]
    early = lines(run("diff", "cart_abandoners", "--since", "2024-10-04", "--json"))
    assert T0 == 1_728_000_000_000, "2024-10-04"
    assert [(row["change"], row["user_id"]) for row in early] == [("entered", "ann"), ("entered", "eve")]
    late = lines(run("diff", "cart_abandoners", "--since", "2024-10-05T02:30", "--json"))
    assert [(row["change"], row["user_id"]) for row in late] == [("left", "bob"), ("entered", "eve")]
    assert run("diff", "cart_abandoners", "--since", "2024-10-05T02:30").stdout.startswith("1 entered, 1 left.")


def test_an_export_has_the_members_with_their_reasons(run: Run, carts: Town, tmp_path: Path) -> None:
    for ending in ("csv", "jsonl", "parquet"):
        told = run("export", "cart_abandoners", "--to", f"carts.{ending}").stdout
        assert told == f"2 shoppers written to carts.{ending}.\n"
    text = (tmp_path / "carts.csv").read_text()
    as_csv = list(csv.DictReader(text.splitlines()))
    as_lines = [json.loads(line) for line in (tmp_path / "carts.jsonl").read_text().splitlines()]
    as_parquet = pyarrow.parquet.read_table(tmp_path / "carts.parquet").to_pylist()
    assert as_lines == as_parquet
    assert [{name: str(value) for name, value in row.items()} for row in as_lines] == as_csv
    assert list(as_csv[0]) == ["user_id", "reason", "score", "held_out", "last_ms", "at_ms"]
    assert [(row["user_id"], row["reason"]) for row in as_csv] == [
        ("ann", "cart of 83.20 left 5 h ago"),
        ("eve", "cart of 40.00 left 2 h ago"),
    ]
    assert len(list(tmp_path.iterdir())) == 3, "nothing is left over"


def test_an_export_for_treatment_leaves_out_who_is_held_out(
    run: Run, town: Town, reader: Reader, tmp_path: Path
) -> None:
    town.carts({f"user {number}": 50.0 for number in range(300)}, day=1)
    town.passes(1 + 2 * HOUR)
    run("export", "cart_abandoners", "--to", "all.jsonl")
    assert run("export", "cart_abandoners", "--to", "treated.jsonl", "--treated-only").exit_code == 0
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    treated = [json.loads(line) for line in (tmp_path / "treated.jsonl").read_text().splitlines()]
    assert len(rows) == 300
    assert treated == [row for row in rows if not row["held_out"]]
    assert 0 < len(treated) < 300


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "carts"], "There is no segment 'carts'; there are cart_abandoners, fraud_watch,"),
        (["count", "loyal", "x' OR 1"], 'There is no segment "x\' OR 1"; there are'),
        (["export", "loyal", "--to", "out.xlsx"], "out.xlsx ends with none of .csv, .parquet, .jsonl"),
    ],
)
def test_what_is_given_wrongly_is_told_in_one_line(run: Run, words: list[str], message: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"footfall: {message}")
    assert result.stderr.count("\n") == 1


@pytest.fixture
def treated(town: Town, writer: Writer, start: Start, reader: Reader) -> dict[str, int]:
    """600 shoppers entered; who is treated orders twice within the days, who is held out once, and each once before and
    after. Returns who is held out."""
    users = [f"user {number}" for number in range(600)]
    town.carts(dict.fromkeys(users, 50.0), day=1)
    town.passes(1 + 2 * HOUR)
    look(start())
    arms = dict(reader.query("SELECT user_id, held_out FROM segment_changes"))
    entered_ms = T0 + DAY_MS + 2 * 3_600_000
    orders = [(user, 0) for user in users if not arms[user]] + [(user, 1) for user in users]
    orders += [(user, 8) for user in users] + [(user, -1) for user in users]
    n = len(orders)
    columns = {
        "topic": ["carts"] * n,
        "offset": np.arange(n),
        "event_id": [f"order {number}" for number in range(n)],
        "user_id": [user for user, _ in orders],
        "type_code": [7] * n,
        "ts": [entered_ms + int((day + 0.1 + 0.001 * (number % 7)) * DAY_MS) for number, (_, day) in enumerate(orders)],
        "amount": [10.0 + number % 3 for number in range(n)],
    }
    writer.insert("events", columns, token="orders")  # noqa: S106 - names the rows
    return arms


def test_uplift_compares_what_was_bought_in_the_days_after_entering(
    run: Run, town: Town, treated: dict[str, int]
) -> None:
    early = json.loads(run("uplift", "cart_abandoners", "--days", "7", "--json").stdout)
    assert early["treated"]["n"] == early["held_out"]["n"] == 0, "no shopper's days have passed"
    assert "Too few to say anything" in run("uplift", "cart_abandoners", "--days", "7").stdout
    town.passes(9)
    n_held_out = sum(treated.values())
    orders = json.loads(run("uplift", "cart_abandoners", "--days", "7", "--json").stdout)
    assert (orders["treated"]["n"], orders["held_out"]["n"]) == (600 - n_held_out, n_held_out)
    assert (orders["treated"]["mean"], orders["held_out"]["mean"]) == (2.0, 1.0)
    revenue = json.loads(run("uplift", "cart_abandoners", "--days", "7", "--metric", "revenue", "--json").stdout)
    assert revenue["difference"] == pytest.approx(11.0, abs=0.5)
    assert revenue["low"] < revenue["difference"] < revenue["high"]
    assert revenue["p"] < 1e-6
    said = run("uplift", "cart_abandoners", "--days", "7", "--metric", "revenue").stdout
    assert "Chance alone is an unlikely reason" in said
    conversion = run("uplift", "cart_abandoners", "--days", "7", "--metric", "conversion").stdout
    assert "Nobody differs from anybody" in conversion


def test_verify_says_whether_all_is_as_it_should_be(
    run: Run, on_broker: Settings, shop: Shop, start: Start, reader: Reader
) -> None:
    assert "hasn't looked yet" in run("verify").stdout
    shop.take([Event("ann", "view", START_MS)])
    look(start())
    found = run("verify", "new_shoppers", "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["segments"] == {
        "new_shoppers": {"members": 1, "missing": 0, "strange": 0, "aside": 0}
    }
    reader.query("ALTER TABLE events DELETE WHERE user_id = 'ann' SETTINGS mutations_sync = 1")
    found = run("verify")
    assert found.exit_code == 1
    assert "new_shoppers: 1 are in it, but shouldn't be by the events: ann" in found.stdout


def test_judge_holds_members_against_a_truth(run: Run, shop: Shop, start: Start, tmp_path: Path) -> None:
    shop.take([Event(user, "view", START_MS) for user in ("ann", "bob", "kim")])
    look(start())
    joined = [START_MS - 1, START_MS - 1, START_MS - 7.5 * DAY_MS]
    shoppers = {"user_id": ["bob", "eve", "kim"], "joined_ms": joined, "silent_ms": [START_MS + DAY_MS] * 3}
    with TruthFile(tmp_path / "truth.jsonl") as file:
        file.write("shopper", {**shoppers, "ring": [0, 7, 0], "fraud": ["", "refund_abuse", ""]})
        purchase = {"event_id": ["o1"], "user_id": ["dan"], "ts": [START_MS - 1], "ring": [3], "fraud": ["takeover"]}
        file.write("purchase", purchase)
    found = {row["segment"]: row for row in lines(run("judge", "--truth", "truth.jsonl", "--json"))}
    new = found["new_shoppers"]
    assert (new["known"], new["found"], new["recall"]) == (2, 1, 0.5)
    assert (new["members"], new["right"], new["precision"]) == (3, 2, 2 / 3), (
        "who joined a little over a week ago may stay"
    )
    for name in ("heavy_returners", "fraud_watch"):
        assert (found[name]["known"], found[name]["precision"], found[name]["recall"]) == (1, None, 0.0)
    assert "joined within" in run("judge", "--truth", "truth.jsonl").stdout
