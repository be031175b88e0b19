"""Models are promoted and rolled back while a worker runs, on a real broker and engine: no purchase goes unscored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count

import pytest

from models.catalogue import FRAUD, ModelSpec
from schemas.topics import CARTS
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.model_control import ModelControl
from streams.settings import Settings
from streams.snapshot_store import SnapshotStore
from streams.worker.pipeline import Pipeline
from tests.finishing import finish
from tests.streams.worker.models_at_hand import N_EXAMPLES, learnt
from tests.streams.worker.owner import partition
from tests.streams.worker.runs import run_from
from tests.streams.worker.test_pipeline import pipeline

BY = {"who": "a test", "why": ""}
RUN = 5  # purchases
DEADLINE_S = 15.0

Feed = Callable[[], Awaitable[None]]


@pytest.fixture
def quick(on_broker: Settings) -> Settings:
    """Models that are followed at once, and alert at almost any score."""
    return replace(
        on_broker,
        learn_interval_s=0.05,
        flush_interval_s=0.0,
        warm_up_examples=N_EXAMPLES,
        fraud_threshold=1e-9,
        churn_threshold=1.0,
        alert_suppress_hours=0.0,
    )


@pytest.fixture
def versions(quick: Settings, reader: Reader, writer: Writer, fast: ModelSpec) -> dict[str, str]:
    """Of a snapshot of each model for fraud, by name."""
    store = SnapshotStore(quick, reader, writer)
    return {spec.name: store.publish(learnt(spec)).version for spec in (FRAUD, fast)}


def feeding(made: Pipeline, place: count[int]) -> Feed:
    async def feed() -> None:
        first = next(place) * RUN
        await made.on_run(run_from(CARTS, first, first + RUN - 1))

    return feed


async def until(champion: str, made: Pipeline, feed: Feed) -> None:
    """Feeds on until another is champion, and some more."""
    async with asyncio.timeout(DEADLINE_S):
        while next(iter(made._processor._scorers)) != champion:
            await feed()
            await asyncio.sleep(0.005)
    for _ in range(3):
        await feed()


def test_promotion_and_rollback_lose_no_purchase_and_leave_none_unscored(
    quick: Settings, versions: dict[str, str], reader: Reader, fast: ModelSpec
) -> None:
    control, place = ModelControl(quick), count()

    async def work() -> None:
        async with pipeline(quick) as made:
            feed = feeding(made, place)
            await made.on_assigned(partition(0))
            await feed()
            for decide, champion in (
                (lambda: control.promote(fast.name, **BY), fast.name),
                (lambda: control.rollback("fraud", **BY), "fraud"),
            ):
                decided = asyncio.create_task(asyncio.to_thread(decide))
                await until(champion, made, feed)
                await decided
            await made.on_stop()

    finish(work())
    control.close()
    n = next(place) * RUN
    rows = reader.query("SELECT offset, fraud_state, isFinite(fraud_score), fraud_version FROM events FINAL ORDER BY 1")
    assert [row[:3] for row in rows] == [(offset, 2, 1) for offset in range(n)]
    by_champion = [version for _, _, _, version in rows]
    turns = [version for at, version in enumerate(by_champion) if not at or by_champion[at - 1] != version]
    assert turns == [versions["fraud"], versions[fast.name], versions["fraud"]]
    alerted = reader.query("SELECT offset, version, score FROM alerts FINAL WHERE kind = 'fraud' ORDER BY offset")
    assert [row[:2] for row in alerted] == [(offset, version) for offset, _, _, version in rows], "only champions alert"


def test_models_of_a_kind_score_the_same_events_side_by_side(
    quick: Settings, versions: dict[str, str], reader: Reader, fast: ModelSpec
) -> None:
    control = ModelControl(quick)
    control.challenge(fast.name, **BY)
    control.close()

    async def work() -> None:
        async with pipeline(quick) as made:
            await made.on_assigned(partition(0))
            for first in range(0, 40, RUN):
                await made.on_run(run_from(CARTS, first, first + RUN - 1, amount=10.0 + first))
            await made.on_stop()

    finish(work())
    found = reader.query(
        "SELECT model, groupArray(version), groupArray(state), groupArray(offset), groupArray(features_f32),"
        " groupArray(score) FROM (SELECT * FROM predictions FINAL WHERE kind = 'fraud' ORDER BY offset)"
        " GROUP BY model ORDER BY model"
    )
    assert [row[0] for row in found] == ["fraud", fast.name]
    for model, version, state, offset, _, _ in found:
        assert version == [versions[model]] * 40
        assert state == [2] * 40
        assert list(offset) == list(range(40))
    (*_, features, champions), (*_, others, challengers) = found
    assert features == others
    assert all(one != other for one, other in zip(champions, challengers, strict=True))
    in_events = reader.query("SELECT offset, fraud_score, fraud_version FROM events FINAL ORDER BY offset")
    assert in_events == [(offset, score, versions["fraud"]) for offset, score in enumerate(champions)]
    assert reader.query("SELECT DISTINCT version FROM alerts WHERE kind = 'fraud'") == [(versions["fraud"],)]


def test_a_replay_rewrites_the_rows_of_each_model(
    quick: Settings, versions: dict[str, str], reader: Reader, fast: ModelSpec
) -> None:
    """Another worker that knows nothing of what was done: the ledger and the profiles are gone."""
    control = ModelControl(quick)
    control.challenge(fast.name, **BY)
    control.close()

    async def work() -> None:
        async with pipeline(quick) as made:
            await made.on_assigned(partition(0))
            await made.on_run(run_from(CARTS, 0, 9))
            await made.on_stop()

    for _ in range(2):
        finish(work())
        for table in ("ledger", "profiles", "assignments"):
            reader.query(f"TRUNCATE TABLE {table}")
    counted = "SELECT model, count(), uniqExact(event_id) FROM predictions FINAL WHERE kind = 'fraud' GROUP BY model"
    assert sorted(reader.query(counted)) == [("fraud", 10, 10), (fast.name, 10, 10)]
