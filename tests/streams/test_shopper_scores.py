"""What analysts find in ``shopper_scores``, and what it costs."""

from __future__ import annotations

import time

import pytest

from models.partition import PartitionProfiles
from models.profiles.state import Profiles
from models.profiles.table import Dirty
from models.scoring import champions
from streams.bench.models import decoded
from streams.bench.shop import Shop
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.shopper_scores import shopper_scores
from tests.streams.worker.models_at_hand import WARM

DAY_MS = 86_400_000
BUDGET_US = 4.0
CHAMPIONS = champions(WARM)


def shoppers(users: int, events: int) -> tuple[Dirty, int]:
    """The profiles of a shop, and its latest event time."""
    held, latest_ms = PartitionProfiles(epoch=1, complete=True), 0
    for batch in decoded(Shop(users=users), events):
        held.missing(batch)
        held.observe(batch, tick=1)
        latest_ms = max(latest_ms, int(batch.ts.max()))
    return dict(held.take_dirty())["user"], latest_ms


def rows(part: Dirty, as_of_ms: int, profiles: Profiles | None = None) -> dict[str, object]:
    return shopper_scores(
        CHAMPIONS, part.columns["id"], profiles or part.profiles, partition=0, as_of_ms=as_of_ms, written_ms=1
    ).columns


def test_reasons_can_be_grouped_by(writer: Writer, reader: Reader) -> None:
    part, latest_ms = shoppers(100, 2_000)
    columns = rows(part, latest_ms)
    writer.insert("shopper_scores", columns, token=f"rows {latest_ms}")
    found = reader.query(
        "SELECT top_reason, count(), avg(churn_score) FROM shopper_scores FINAL GROUP BY top_reason ORDER BY 2 DESC"
    )
    assert sum(n for _, n, _ in found) == len(part)
    assert {name for name, _, _ in found} == set(columns["reason_1_feature"])
    # Of what isn't among the reasons no contribution is above the last reason's.
    ((n, n_texts),) = reader.query(
        "SELECT count(), countIf(length(reason_texts) = length(reason_features) AND length(reason_values) ="
        " length(reason_contributions) AND length(reason_texts) = length(reason_values)) FROM shopper_scores FINAL"
        " WHERE arraySort(x -> -x, reason_contributions) = reason_contributions AND NOT has(reason_texts, '')"
    )
    assert n == n_texts == len(part)


def test_the_row_of_the_latest_time_stays(writer: Writer, reader: Reader) -> None:
    part, latest_ms = shoppers(20, 300)
    for token, at_ms in enumerate((latest_ms + DAY_MS, latest_ms)):
        writer.insert("shopper_scores", rows(part, at_ms), token=str(token))
    found = reader.query("SELECT DISTINCT toUnixTimestamp64Milli(as_of) FROM shopper_scores FINAL")
    assert found == [(latest_ms + DAY_MS,)]


@pytest.mark.bench
def test_a_shopper_costs_less_than_four_microseconds(writer: Writer) -> None:
    part, latest_ms = shoppers(10_000, 60_000)
    writer.insert("shopper_scores", rows(part, latest_ms), token=f"before {latest_ms}")
    costs_us = []
    for turn in range(7):
        began = time.thread_time()
        columns = rows(part, latest_ms + turn)
        built = time.thread_time()
        writer.insert("shopper_scores", columns, token=str(turn))
        costs_us.append(((time.thread_time() - began) / len(part) * 1e6, (built - began) / len(part) * 1e6))
    cost_us, built_us = min(costs_us)
    print(f"{cost_us:.2f} µs of CPU a shopper, {built_us:.2f} of it before the insert, {len(part)} at once")
    assert cost_us < BUDGET_US
