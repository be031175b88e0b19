"""The time before which rows may have gone, whatever was changed meanwhile."""

from __future__ import annotations

import doctest

from schemas import retention
from schemas.retention import DAY_MS, EXPIRIES, Kept, gone_before
from schemas.tables import TABLES


def test_doctests() -> None:
    assert doctest.testmod(retention).failed == 0


def test_the_most_that_any_time_took_counts() -> None:
    def day(days: int) -> int:
        return days * DAY_MS

    assert gone_before([], day(500)) == 0
    assert gone_before([Kept(day(10), 0)], day(500)) == 0
    assert gone_before([Kept(day(10), 30)], day(500)) == day(470)
    assert gone_before([Kept(day(10), 30), Kept(day(100), 90)], day(110)) == day(70), "the shorter time, until it ended"
    assert gone_before([Kept(day(10), 30), Kept(day(100), 90)], day(500)) == day(410)


def test_only_tables_that_there_are_expire() -> None:
    assert {expiry.table for expiry in EXPIRIES} <= TABLES.keys()
