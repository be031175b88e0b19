"""The threshold that a budget of alerts comes to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.budget import DAY_MS, Candidates, alerts_at, allowed, threshold_for

HOUR_MS = 3_600_000


def candidates(score: list[float], *, about: list[int] | None = None, ts: list[int] | None = None) -> Candidates:
    n = len(score)
    return Candidates(
        score=np.array(score, np.float32),
        about=np.array(range(n) if about is None else about, np.uint64),
        ts=np.array([0] * n if ts is None else ts, np.int64),
        total=n,
    )


SCORES = st.lists(st.sampled_from([0.1, 0.5, 0.50000006, 0.7, 0.9, 1.0]), min_size=1, max_size=40)


@given(SCORES, st.floats(0, 50), st.data())
def test_it_is_the_lowest_that_keeps_to_the_limit(score: list[float], limit: float, data: st.DataObject) -> None:
    about = data.draw(st.lists(st.integers(0, 5), min_size=len(score), max_size=len(score)))
    ts = data.draw(st.lists(st.integers(0, 48), min_size=len(score), max_size=len(score)))
    given = candidates(score, about=about, ts=[hour * HOUR_MS for hour in ts])
    for window_ms in (0, 24 * HOUR_MS):
        found = threshold_for(limit, given, window_ms=window_ms)
        assert alerts_at(found, given, window_ms=window_ms) <= limit
        lower = given.score[given.score < np.float64(found)]
        if len(lower):
            assert alerts_at(float(lower.max()), given, window_ms=window_ms) > limit


def test_those_with_one_score_alert_together_or_not_at_all() -> None:
    tied = candidates([0.5, 0.9, 0.9, 0.9])
    assert threshold_for(3, tied, window_ms=0) == np.float32(0.9)
    above = threshold_for(2, tied, window_ms=0)
    assert alerts_at(above, tied, window_ms=0) == 0
    assert above == np.nextafter(np.float32(0.9), np.float32(1))


def test_what_would_be_suppressed_is_not_counted() -> None:
    hours = [0, 1, 23, 24, 47, 48]
    of_one = candidates([0.9] * 6, about=[7] * 6, ts=[hour * HOUR_MS for hour in hours])
    assert alerts_at(0.5, of_one, window_ms=24 * HOUR_MS) == 3
    assert alerts_at(0.5, of_one, window_ms=0) == 6


def test_all_may_be_alerts_where_there_is_room_and_where_nothing_is_left_out() -> None:
    few = candidates([0.2, 0.3])
    assert threshold_for(2, few, window_ms=0) == 0.0
    # There may be more of the lowest than these.
    assert threshold_for(2, few._replace(total=3), window_ms=0) == np.float32(0.3)
    assert threshold_for(5, few._replace(score=few.score[[0, 0]], total=3), window_ms=0) > np.float32(0.2)


@pytest.mark.parametrize(("days", "alerts"), [(7.0, 35.0), (1.0, 5.0), (0.1, 5.0)])
def test_less_than_a_day_has_room_for_a_day_s_alerts(days: float, alerts: float) -> None:
    assert allowed(5.0, round(days * DAY_MS)) == alerts
