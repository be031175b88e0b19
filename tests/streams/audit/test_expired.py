"""What has expired isn't missing, and what is missing is found beside it."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from schemas.ledger import LedgerRow, Span, tile
from schemas.retention import DAY_MS
from schemas.topics import CLICKS
from streams.audit.kept import kept_rows
from streams.clickhouse.migrate import migrate
from tests.streams.audit.shop import N_RUNS, RUN, Shop
from tests.waiting import wait_until

END = N_RUNS * RUN
T0 = 1_700_000_000_000
"""Event time of the shop's rows at offset 0, years ago."""


@pytest.fixture
def aged(shop: Shop) -> Shop:
    """The shop, whose rows have expired; a run of clicks of today, one of which the first is old; and two dead letters,
    an old one and one of today."""
    now_ms = time.time_ns() // 1_000_000
    shop.produce(CLICKS, 3 * RUN - 30)
    for first in (END, END + RUN):
        shop.write_rows(CLICKS, range(first, first + RUN), shift_ms=now_ms - T0 - DAY_MS)
    shop.change(f"DELETE FROM events WHERE topic = '{CLICKS}' AND offset = {END + RUN}")
    shop.write_rows(CLICKS, [END + RUN])
    shop.write_ledger(CLICKS, END, END + RUN - 1, min_ts_ms=now_ms - DAY_MS)
    shop.write_ledger(CLICKS, END + RUN, END + 2 * RUN - 1, min_ts_ms=T0)
    shop.write_dead_letters(CLICKS, [END + 2 * RUN])
    shop.write_ledger(CLICKS, END + 2 * RUN, END + 2 * RUN, rows=0, dead_letters=1, written_ms=T0)
    shop.change(
        "INSERT INTO dead_letters (topic, partition, offset, written_ms)"
        f" VALUES ('{CLICKS}', 0, {END + 2 * RUN + 1}, {now_ms})"
    )
    shop.write_ledger(CLICKS, END + 2 * RUN + 1, END + 2 * RUN + 1, rows=0, dead_letters=1, written_ms=now_ms)
    assert shop.audit().problems == []
    kept = replace(shop.settings, retention_events_days=200, retention_dead_letters_days=30)
    migrate(kept)
    left = "SELECT (SELECT count() FROM events), (SELECT count() FROM dead_letters)"
    wait_until(lambda: shop.value(left) == (2 * RUN - 1, 1), 20, "what has expired is gone")
    return shop


def test_what_has_expired_is_not_missing(aged: Shop) -> None:
    found = aged.audit()
    assert found.problems == []
    clicks = next(one for one in found.partitions if (one.topic, one.partition) == (CLICKS, 0))
    assert (clicks.rows, clicks.expired, clicks.table_rows) == (END + 2 * RUN, END + RUN, RUN)
    assert (clicks.dead_letters, clicks.expired_dead_letters, clicks.dead_letter_rows) == (2, 1, 1)
    migrate(aged.settings)
    assert aged.audit().problems == [], "nor after rows are kept for ever"


def test_what_is_missing_is_found_beside(aged: Shop) -> None:
    aged.change(f"DELETE FROM events WHERE offset = {END + 7} AND topic = '{CLICKS}'")
    assert aged.audit().problems == [f"{CLICKS}, partition 0: 1 rows missing from events"]


def test_an_event_that_came_again_in_a_run_that_is_left_out_is_not_missing(aged: Shop) -> None:
    """The table has the last row alone, which isn't counted."""
    aged.change(f"DELETE FROM events WHERE topic = '{CLICKS}' AND offset = {END + 5}")
    identity = (END + 6).to_bytes(8, "little").hex()
    aged.change(
        f"INSERT INTO ledger SELECT * REPLACE (unhex('{identity}') || substring(identities, 9) AS identities)"
        f" FROM ledger WHERE topic = '{CLICKS}' AND first = {END + RUN}"
    )
    assert aged.audit().problems == []


def test_only_runs_with_older_rows_are_left_out() -> None:
    def run(first: int, rows: int, min_ts_ms: int) -> LedgerRow:
        return LedgerRow(
            first=first,
            last=first + 9,
            epoch=1,
            records=rows,
            rows=rows,
            duplicates=0,
            dead_letters=0,
            min_ts_ms=min_ts_ms,
        )

    tiling = tile([run(0, 10, 50), run(10, 10, 150), run(20, 0, 0), run(30, 10, 99), run(40, 10, 100)])
    part = kept_rows(tiling, 100)
    assert part == ([Span(10, 29), Span(40, 49)], 20, 20)
    held = part.holds(np.array([0, 9, 10, 29, 30, 40, 49, 50]))
    assert held.tolist() == [False, False, True, True, False, True, True, False]
    assert kept_rows(tiling, 0) == ([Span(0, 49)], 40, 0)
