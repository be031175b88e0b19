"""Growth is told from noise, by samples of real processes, too."""

from __future__ import annotations

import os

import numpy as np
import pytest

from streams.soak.memory import Memory, growth_of


@pytest.mark.parametrize("mib_per_min", [0.0, 6.0, -3.0])
def test_a_line_is_found_through_noise_and_peaks(mib_per_min: float) -> None:
    rng = np.random.default_rng(0)
    at_s = np.arange(0, 600, 0.5)
    mib = 200 + mib_per_min * at_s / 60 + rng.normal(0, 2, len(at_s))
    mib[rng.random(len(at_s)) < 0.05] += 300
    found = growth_of(list(zip(at_s, mib, strict=True)))
    assert found is not None
    assert found.mib_per_min == pytest.approx(mib_per_min, abs=0.3)
    assert found.share == pytest.approx(mib_per_min * 10 / (200 + mib_per_min * 5), abs=0.02)


def test_one_sample_tells_nothing() -> None:
    assert growth_of([(1.0, 200.0)]) is None


def test_what_a_process_takes_is_seen() -> None:
    memory = Memory()
    held = []
    for _ in range(5):
        memory.sample({"me": os.getpid(), "nobody": None})
        held.append(np.ones(4_000_000))
    growth = memory.growth("me", 0.0)
    assert growth is not None
    assert growth.mib_per_min > 0
    assert memory.growth("nobody", 0.0) is None
    assert memory.peak_mib()["me"] > 100
