"""Two profiles into one: partial rows of different partitions, or two identities of one shopper."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.profiles import days, recent
from models.profiles.state import FIRST_MS, LAST_MS, Profiles
from schemas.layout import RECENT, SCALES_MS

_SCALES = np.array(list(SCALES_MS.values()), dtype=np.float64)  # (scales,), ms


def decayed_to(profiles: Profiles, at_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The decayed sums as of ``at_ms``, of shape (n,), not before each profile's latest event: (n, measures, scales).

    A profile without events stays at zero.
    """
    age_ms = (at_ms - profiles.extremes_ms[:, LAST_MS]).astype(np.float64)
    return profiles.decayed * np.exp(-age_ms[:, None] / _SCALES)[:, None, :]


def merge(left: Profiles, right: Profiles) -> Profiles:
    """Row by row, n profiles with n others. Commutative and associative, up to the rounding of sums.

    Both must hold different events. Offsets are the larger ones: they say something only of rows of one partition.
    """
    last_ms = np.maximum(left.extremes_ms[:, LAST_MS], right.extremes_ms[:, LAST_MS])
    extremes_ms = np.maximum(left.extremes_ms, right.extremes_ms)
    first_left, first_right = left.extremes_ms[:, FIRST_MS], right.extremes_ms[:, FIRST_MS]
    both = (first_left > 0) & (first_right > 0)
    extremes_ms[:, FIRST_MS] = np.where(both, np.minimum(first_left, first_right), first_left + first_right)
    device_hash, device_ms = _united(left.device_hash, left.device_ms, right.device_hash, right.device_ms)
    country_hash, country_ms = _united(left.country_hash, left.country_ms, right.country_hash, right.country_ms)
    return Profiles(
        decayed=decayed_to(left, last_ms) + decayed_to(right, last_ms),
        totals=left.totals + right.totals,
        max_amount=np.maximum(left.max_amount, right.max_amount),
        extremes_ms=extremes_ms,
        peers=np.maximum(left.peers, right.peers),
        sessions=np.maximum(left.sessions, right.sessions),
        days=_days_until(left, last_ms) | _days_until(right, last_ms),
        device_hash=device_hash,
        device_ms=device_ms,
        country_hash=country_hash,
        country_ms=country_ms,
        offsets=np.maximum(left.offsets, right.offsets),
    )


def _days_until(profiles: Profiles, last_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """The days that are remembered once the latest event is at ``last_ms``, of shape (n,)."""
    remembered = profiles.days.copy()
    days.forget(remembered, profiles.extremes_ms[:, LAST_MS], last_ms)
    return remembered


def _united(
    left_hash: npt.NDArray[np.uint64],
    left_ms: npt.NDArray[np.int64],
    right_hash: npt.NDArray[np.uint64],
    right_ms: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """The latest ``RECENT`` sightings of both, each of shape (n, RECENT)."""
    hashes, seen_ms = left_hash.copy(), left_ms.copy()
    for row in range(len(hashes)):
        for rank in range(RECENT):
            recent.add(hashes, seen_ms, row, right_hash[row, rank], right_ms[row, rank])
    return hashes, seen_ms
