"""``shoppers_now`` has every shopper as the profile's own code would have it now."""

from __future__ import annotations

import numpy as np
import pytest

from models.profiles.merge import decayed_to
from models.profiles.state import FIRST_MS, LAST_MS, Profiles
from schemas.layout import DAYS_REMEMBERED, DECAYED_COLUMNS
from streams.bench.members import populate
from streams.clickhouse.reader import Reader
from streams.clickhouse.writer import Writer
from streams.leader.watermark import watermark_ms
from streams.segments.files import segments_of
from streams.settings import Settings
from tests.streams.segments.profiles import DAY_MS, T0, Town

N = 64
N_BENCHED = 20_000


def test_sums_are_decayed_to_now_and_days_counted_from_now(reader: Reader, writer: Writer, town: Town) -> None:
    """At several days in turn, so that today is any bit of a word."""
    random = np.random.default_rng(1)
    profiles = Profiles.empty(N)
    profiles.decayed[:] = random.normal(size=profiles.decayed.shape)
    last_day = random.integers(-100, 3, N)
    # The visit of 490 days before the last has the bit of the 22nd day after it.
    active = [
        {int(last_day[row]), int(last_day[row]) - 490, *random.integers(-120, last_day[row] + 1, 9).tolist()}
        for row in range(N)
    ]
    for row, days in enumerate(active):
        for day in days:
            bit = (T0 // DAY_MS + day) % DAYS_REMEMBERED
            profiles.days[row, bit // 64] |= np.uint64(1) << np.uint64(bit % 64)
    profiles.extremes_ms[:, LAST_MS] = T0 + last_day * DAY_MS + random.integers(0, DAY_MS, N)
    profiles.extremes_ms[:, FIRST_MS] = T0 - 120 * DAY_MS
    profiles.totals[:] = random.random(profiles.totals.shape)
    ids = [f"user {row:02}" for row in range(N)]
    for version, kind, values in ((1, 0, Profiles.empty(N)), (2, 0, profiles), (3, 1, profiles)):
        columns = {"kind": [kind] * N, "partition": [0] * N, "id": ids, "version": [version] * N}
        writer.insert("profiles", columns | values.to_columns(), token=f"{version}")
    for day in (2.5, 3.9, 37.0, 66.2):
        town.passes(day)
        now_ms = watermark_ms(reader)
        assert now_ms == T0 + int(day * DAY_MS)
        found = reader.columns("SELECT * FROM shoppers_now ORDER BY user_id")
        assert found["user_id"] == ids, "shoppers alone, once each"
        at_ms = np.maximum(now_ms, profiles.extremes_ms[:, LAST_MS])
        expected = decayed_to(profiles, at_ms).reshape(N, -1)
        for place, name in enumerate(DECAYED_COLUMNS):
            assert found[name] == pytest.approx(expected[:, place], rel=1e-9, abs=1e-12), name
        assert found["hours_since_last"] == pytest.approx((at_ms - profiles.extremes_ms[:, LAST_MS]) / 3_600_000)
        for first, last in ((0, 1), (0, 6), (2, 31), (7, 31)):
            counted = [sum(first <= int(day) - one <= last for one in days) for days in active]
            assert found[f"days_here_{first}_{last}"].tolist() == counted, (day, first, last)


def test_the_clock_is_where_all_partitions_are_but_those_asleep(reader: Reader, town: Town) -> None:
    clock = "SELECT now_ms FROM event_clock"
    assert reader.query(clock) == [(0,)]
    town.passes(10, partition=0)
    town.passes(3.5, partition=1)
    town.passes(2.9, partition=2)
    assert reader.query(clock) == [(T0 + int(3.5 * DAY_MS),)]
    town.passes(3.0, partition=1)
    assert reader.query(clock) == [(T0 + int(3.5 * DAY_MS),)]


def test_nothing_is_nullable(reader: Reader) -> None:
    kinds = reader.query(
        "SELECT DISTINCT type FROM system.columns WHERE database = currentDatabase() AND type LIKE 'N%'"
    )
    assert kinds == []


def test_whoever_enters_a_segment_stays(settings: Settings, reader: Reader) -> None:
    populate(settings, N_BENCHED)
    for name, segment in segments_of(settings).items():
        ((enter, stay, flap),) = reader.query(
            f"SELECT countIf({segment.enters}), countIf({segment.stays}), countIf(({segment.enters}) AND NOT"
            f" ({segment.stays})) FROM shoppers_now"
        )
        assert flap == 0, name
        assert 0 < enter <= stay < N_BENCHED, name
