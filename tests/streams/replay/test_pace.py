import asyncio

import numpy as np
import pytest

from streams.replay.chunk import Chunk
from streams.replay.pace import CATCH_UP_S, TICK_S, Pace, SteadyPace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def sent_at(ts: list[int], speed: float, clock: Clock, *, late_by: float = 0.0) -> list[tuple[int, float]]:
    """Each event's time and the time from the start at which it was sent."""
    chunk = Chunk(topic=["clicks"] * len(ts), key=[b""] * len(ts), value=[b""] * len(ts), ts=np.array(ts))
    pace = Pace(speed, clock=clock, sleep=clock.sleep)

    async def run() -> list[tuple[int, float]]:
        sent = []
        async for part in pace.due(chunk):
            sent += [(int(at), clock.now - 100.0) for at in part.ts]
            clock.now += late_by
        return sent

    return asyncio.run(run())


@pytest.mark.parametrize(("speed", "due"), [(1, [0.0, 1.0, 4.0]), (2, [0.0, 0.5, 2.0]), (1000, [0.004] * 3)])
def test_events_are_as_far_apart_as_they_happened(speed: float, due: list[float]) -> None:
    sent = sent_at([5_000, 6_000, 9_000], speed, Clock())
    assert [at for _, at in sent] == pytest.approx(due, abs=1e-9)


def test_no_event_is_early_and_none_later_than_a_tick() -> None:
    ts = np.sort(np.random.default_rng(0).integers(0, 60_000, 500))
    for event_ms, at in sent_at(ts.tolist(), 10, Clock()):
        due = (event_ms - ts[0]) / 1000 / 10
        assert due - 1e-9 <= at <= due + TICK_S


def test_what_is_late_goes_at_once() -> None:
    sent = sent_at([0, 1_000, 2_000, 9_000], 1, Clock(), late_by=5.0)
    assert [at for _, at in sent] == pytest.approx([0.0, 5.0, 5.0, 10.0])


def test_time_that_goes_back_does_not_wait() -> None:
    assert [at for _, at in sent_at([5_000, 1_000, 6_000], 1, Clock())] == pytest.approx([0.0, 0.0, 1.0])


def test_at_full_speed_nothing_waits() -> None:
    assert [at for _, at in sent_at([0, 10**9], float("inf"), Clock())] == [0.0, 0.0]


def steadily_sent_at(n: int, rate: float, clock: Clock) -> list[tuple[int, float]]:
    """Of two chunks of n events: how many went at once, and when."""
    pace = SteadyPace(rate, clock=clock, sleep=clock.sleep)
    chunk = Chunk(topic=["clicks"] * n, key=[b""] * n, value=[b""] * n, ts=np.zeros(n, dtype=np.int64))

    async def run() -> list[tuple[int, float]]:
        sent = []
        for _ in range(2):
            async for part in pace.due(chunk):
                sent.append((len(part), clock.now - 100.0))
        return sent

    return asyncio.run(run())


@pytest.mark.parametrize("rate", [3, 200, 40_000])
def test_a_steady_pace_is_kept_over_chunks(rate: float) -> None:
    sent = steadily_sent_at(4_000, rate, Clock())
    before = np.cumsum([0] + [n for n, _ in sent])
    assert before[-1] == 8_000
    assert [at for _, at in sent] == pytest.approx(before[:-1] / rate)
    assert max(n for n, _ in sent) <= max(1, rate * TICK_S)


def test_a_stall_is_not_followed_by_all_that_is_owed() -> None:
    clock = Clock()
    pace = SteadyPace(100, clock=clock, sleep=clock.sleep)
    chunk = Chunk(topic=["clicks"] * 500, key=[b""] * 500, value=[b""] * 500, ts=np.zeros(500, dtype=np.int64))

    async def at_once_after_a_stall() -> int:
        at_once = 0
        async for part in pace.due(chunk):
            if clock.now == 100.0:
                clock.now += 60.0
            elif clock.now == 160.0:
                at_once += len(part)
        return at_once

    assert asyncio.run(at_once_after_a_stall()) == pytest.approx(100 * CATCH_UP_S, abs=10)
