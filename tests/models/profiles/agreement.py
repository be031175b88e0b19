"""Whether profiles and views agree with the reference, or with one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.profiles import hll, recent
from models.profiles.kernel import View
from models.profiles.state import Profiles
from schemas.layout import MEASURES, SCALES_MS, TOTALS
from tests.models.profiles.reference import State, distinct, remembered, sighting, within_a_day

RELATIVE = 1e-9
NEGLIGIBLE = 1e-27
"""The kernel takes decayed sums below 1e-30 for 0."""

_SIGHTINGS = {
    "not given": recent.NOT_GIVEN,
    "first ever": recent.FIRST_EVER,
    "same as last": recent.SAME_AS_LAST,
    "known": recent.KNOWN,
    "new": recent.NEW,
}


def assert_profile(profiles: Profiles, row: int, state: State) -> None:
    """The profile in ``row`` is the reference's ``state``."""
    _assert_sums(profiles.decayed[row], profiles.totals[row], state)
    assert profiles.max_amount[row] == state.max_amount
    assert profiles.extremes_ms[row].tolist() == [state.first_ms, state.last_ms, state.last_purchase_ms]
    assert profiles.peers[row].tolist() == state.peers
    assert profiles.sessions[row].tolist() == state.sessions
    assert profiles.days[row].tolist() == _bits(state.days)
    assert _seen(profiles.device_hash[row], profiles.device_ms[row]) == state.devices
    assert _seen(profiles.country_hash[row], profiles.country_ms[row]) == state.countries


def assert_view(view: View, row: int, state: State, *, device: str, country: str, ts: int) -> None:
    """What an event at ``ts`` with its device and country saw is the reference's ``state``, decayed to then."""
    now_ms = max(ts, state.last_ms)
    _assert_sums(view.decayed[row], view.totals[row], state)
    assert view.applied[row]
    assert view.max_amount[row] == state.max_amount
    assert view.extremes_ms[row].tolist() == [state.first_ms, state.last_ms, state.last_purchase_ms]
    assert np.isclose(view.peers[row], distinct(state.peers), rtol=RELATIVE, atol=0)
    assert np.isclose(view.sessions[row], distinct(state.sessions), rtol=RELATIVE, atol=0)
    assert np.isclose(view.days[row], len(remembered(state.days)), rtol=RELATIVE, atol=0)
    assert view.device[row] == _SIGHTINGS[sighting(device, state.devices)]
    assert view.country[row] == _SIGHTINGS[sighting(country, state.countries)]
    assert view.devices_day[row] == within_a_day(state.devices, now_ms)
    assert view.countries_day[row] == within_a_day(state.countries, now_ms)


def assert_close(left: Profiles, right: Profiles, magnitude: npt.NDArray[np.float64]) -> None:
    """Equal, but for sums, which may differ by rounding; ``magnitude`` is that of ``decayed``, in its shape."""
    assert (np.abs(left.decayed - right.decayed) <= RELATIVE * magnitude + NEGLIGIBLE).all()
    np.testing.assert_allclose(left.totals, right.totals, rtol=RELATIVE)
    assert_identical(left._replace(decayed=right.decayed, totals=right.totals), right)


def assert_identical(left: Profiles | View, right: Profiles | View) -> None:
    """Equal to the last bit."""
    arrays: Iterable[tuple[str, Any, Any]] = zip(left._fields, left, right, strict=True)
    for name, one, other in arrays:
        assert np.array_equal(one, other), name


def magnitude_of(states: list[State]) -> npt.NDArray[np.float64]:
    return np.array([_cells(state.magnitude) for state in states])  # (profiles, measures, scales)


def hll_estimate(registers: list[int]) -> float:
    return float(hll.estimate(np.array([registers], dtype=np.uint8))[0])


def _assert_sums(decayed: npt.NDArray[np.float64], totals: npt.NDArray[np.float64], state: State) -> None:
    error = np.abs(decayed - _cells(state.decayed))
    assert (error <= RELATIVE * _cells(state.magnitude) + NEGLIGIBLE).all(), error.max()
    np.testing.assert_allclose(totals, [state.totals[name] for name in TOTALS], rtol=RELATIVE)


def _bits(days: Iterable[int]) -> list[int]:
    """A set of days as eight words: day d is bit d modulo 512."""
    whole = sum(1 << day % 512 for day in remembered(days))
    return [whole >> 64 * word & 2**64 - 1 for word in range(8)]


def _cells(sums: Mapping[tuple[str, str], float]) -> npt.NDArray[np.float64]:
    return np.array([[sums[measure, scale] for scale in SCALES_MS] for measure in MEASURES])


def _seen(hashes: npt.NDArray[np.uint64], seen_ms: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    return [(ts, value) for ts, value in zip(seen_ms.tolist(), hashes.tolist(), strict=True) if value]
