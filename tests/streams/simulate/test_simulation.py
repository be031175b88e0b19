"""The same seed gives the same events, and the truth is that of what was sent."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from schemas.ledger import Span
from streams.audit.broker import connected
from streams.commands import main
from streams.errors import Invalid
from streams.settings import Settings
from streams.simulate.shop import DAY_MS, Shop
from streams.simulate.simulation import Simulation
from streams.simulate.truth import Truth

SMALL = Shop(shoppers=300, broken=0.01)
N = 5_000


def values(shop: Shop, *, chunk_events: int, n: int = N) -> list[bytes]:
    pieces = Simulation(shop).pieces(events=n, chunk_events=chunk_events)
    return list(chain.from_iterable(piece.chunk.value for piece in pieces))


@pytest.mark.parametrize("chunk_events", [37, 4_000])
def test_chunks_change_nothing(chunk_events: int) -> None:
    assert values(SMALL, chunk_events=chunk_events) == values(SMALL, chunk_events=1_000)


def test_another_seed_is_another_shop() -> None:
    assert not set(values(SMALL, chunk_events=N)) & set(values(replace(SMALL, seed=2), chunk_events=N))


def test_more_events_begin_with_the_same() -> None:
    assert values(SMALL, chunk_events=N, n=2 * N)[:N] == values(SMALL, chunk_events=N)


def test_it_ends_where_it_is_told_to() -> None:
    end_ms = SMALL.start_ms + 3 * DAY_MS + DAY_MS // 2
    pieces = list(Simulation(SMALL).pieces(end_ms=end_ms))
    assert end_ms - DAY_MS // 10 < max(int(piece.chunk.ts.max()) for piece in pieces) < end_ms


@pytest.mark.parametrize("wrong", [{"late": 1.5}, {"shoppers": 0}, {"start_ms": 1}, {"seed": -1}])
def test_a_shop_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(Invalid):
        Shop(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("steps", [[N], [1, 900, 901, 3_333, N]])
def test_the_truth_is_of_what_was_sent_and_no_more(steps: list[int]) -> None:
    simulation = Simulation(SMALL)
    bought: list[str] = []
    truth = Truth(simulation, lambda what, columns: bought.extend(columns["event_id"] if what == "purchase" else []))
    chunks = list(truth.chunks(simulation.pieces(events=2 * N, chunk_events=1_000)))
    for step in steps:
        truth.reached(step)
    sent = list(chain.from_iterable(zip(chunk.topic, chunk.value, strict=True) for chunk in chunks))[:N]
    assert {topic: one.records for topic, one in truth.sent.items()} == Counter(topic for topic, _ in sent)
    found = [
        json.loads(value)["event_id"] for _, value in sent if value.startswith(b'{"type":"purchase"') and is_json(value)
    ]
    assert len(bought) == len(set(bought))
    assert set(bought) == set(found)


def is_json(value: bytes) -> bool:
    try:
        return "user_id" in json.loads(value)
    except ValueError:
        return False


def test_a_file_and_its_truth(tmp_path: Path) -> None:
    told = []
    for suffix in ("jsonl", "parquet"):
        out, truth = tmp_path / f"{suffix}.out", tmp_path / f"truth.{suffix}"
        options = ["--shoppers", "200", "--days", "10", "--out", str(out), "--truth", str(truth)]
        ran = CliRunner().invoke(main, ["simulate", *options], catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
        told.append(pd.read_json(truth, lines=True) if suffix == "jsonl" else pd.read_parquet(truth))
    assert (tmp_path / "jsonl.out").read_bytes() == (tmp_path / "parquet.out").read_bytes()
    counts = told[0][told[0]["row"] == "topic"]
    records = counts[["events", "duplicates", "broken"]].sum().sum()
    assert records == len((tmp_path / "jsonl.out").read_bytes().splitlines())
    pd.testing.assert_frame_equal(told[0][told[1].columns], told[1], check_dtype=False)
    assert (told[0]["row"] == "shopper").sum() >= 200


@pytest.mark.parametrize(
    "options", [["--out", "x"], ["--out", "x", "--days", "1", "--rate", "5"], ["--rate", "5", "--speed", "9"]]
)
def test_options_that_exclude_each_other(options: list[str]) -> None:
    ran = CliRunner().invoke(main, ["simulate", *options])
    assert ran.exit_code == 2, ran.output


def test_on_kafka_it_goes_on_where_it_stopped(on_broker: Settings, tmp_path: Path) -> None:
    checkpoint, told = tmp_path / "checkpoint", tmp_path / "truth.jsonl"
    options = ["--shoppers", "300", "--checkpoint", str(checkpoint), "--truth", str(told)]
    for events in (2_000, N):
        ran = CliRunner(env=on_broker.to_env()).invoke(
            main, ["simulate", "--events", str(events), "--rate", "100000", *options], catch_exceptions=False
        )
        assert ran.exit_code == 0, ran.output
    truth = pd.read_json(told, lines=True).query("row == 'topic'").set_index("topic")
    logs = asyncio.run(ends(on_broker))
    on_topics = Counter[str]()
    for (topic, _), log in logs.items():
        on_topics[topic] += log.last - log.first
    assert on_topics.total() == N
    expected = truth[["events", "duplicates", "broken"]].sum(axis=1)
    assert dict(on_topics) == {topic: expected.get(topic, 0) for topic in on_topics}


async def ends(settings: Settings) -> dict[tuple[str, int], Span]:
    async with connected(settings) as broker:
        return await broker.ends()
