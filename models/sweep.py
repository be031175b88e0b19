"""Sweeps: shoppers scored at a time at which they did nothing, from their profiles decayed to it.

A model that is only ever asked when a shopper does something never meets the silent ones, who are those that churn. So
every silent shopper is scored each day, and learnt from once in a while, on a day that follows from the id: each day a
share of them. In silence a profile is known in advance, so the same function tells what a shopper will look like after
another silent month.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.features.churn import churn_features
from models.profiles.kernel import look
from models.profiles.state import LAST_MS, Profiles
from models.scoring import Scorer
from schemas.batch import NUMBERS, TEXTS, EventBatch
from schemas.hashing import hash_of
from schemas.texts import Texts
from schemas.topics import CLICKS

DAY_MS = 86_400_000
EVERY_DAYS = 7
"""Days from one time that a silent shopper is learnt from to the next."""
ACTIVE_DAYS = 180
"""A shopper without an event for longer isn't swept: long gone."""

_NEVER = np.iinfo(np.int64).max
_NO_TYPE = 0


def sweep_day(shoppers: Sequence[str]) -> npt.NDArray[np.int64]:
    """The day of each of n shoppers, shape (n,): that on which the days since 1970 leave it modulo ``EVERY_DAYS``."""
    return np.array([hash_of(shopper) % EVERY_DAYS for shopper in shoppers], dtype=np.int64)


def is_active(profiles: Profiles, now_ms: int) -> npt.NDArray[np.bool_]:
    """Which of n profiles had an event, the last of them within ``ACTIVE_DAYS``: shape (n,)."""
    last_ms = profiles.extremes_ms[:, LAST_MS]
    return np.asarray((last_ms > 0) & (now_ms - last_ms <= ACTIVE_DAYS * DAY_MS))


def features_at(profiles: Profiles, now_ms: int) -> npt.NDArray[np.float32]:
    """What the churn model sees of n silent shoppers at ``now_ms``: shape (n, features)."""
    return churn_features(look(profiles, now_ms), _no_events(len(profiles.max_amount), now_ms))


def silence(
    scorer: Scorer, profiles: Profiles, now_ms: int, *, horizon_ms: int, times: int = 1
) -> npt.NDArray[np.float64]:
    """The probability of n shoppers to stay silent for ``times`` horizons in a row: shape (n,), NaN while warming up.

    By the chain rule: that of one horizon, times that of another after a silent one, and so on. The model needs no
    labels older than its horizon for that.
    """
    probability = np.ones(len(profiles.max_amount))
    for passed in range(times):
        probability *= scorer.score(features_at(profiles, now_ms + passed * horizon_ms)).probability
    return probability


def _no_events(n: int, now_ms: int) -> EventBatch:
    """What features are of, where nothing happened: only a time."""
    columns: dict[str, Any] = dict.fromkeys(TEXTS, Texts.absent(n)) | dict.fromkeys(NUMBERS, np.zeros(n))
    return EventBatch(
        topic=CLICKS,
        partition=0,
        offset=np.full(n, _NEVER),
        type=np.full(n, _NO_TYPE, dtype=np.uint8),
        ts=np.full(n, now_ms, dtype=np.int64),
        **columns,
    )
