"""From which score on to alert, so that about as many alerts go out as can be handled.

The threshold is a quantile of the scores of a stretch of event time, taken over what would have been sent: of alerts
about the same only one in a while is. It is exact: there is nothing to be gained by a sketch where the few highest
scores are all that matters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

DAY_MS = 86_400_000
SWEPT_SHARE = 0.5
"""Of a budget, that alerts of silent shoppers may take up; those of events have what is left."""


class Candidates(NamedTuple):
    """The n highest scores of a stretch of event time, of one model, in any order."""

    score: npt.NDArray[np.float32]
    about: npt.NDArray[np.uint64]
    """Equal for those that would be alerts about the same."""
    ts: npt.NDArray[np.int64]
    """Event times in Unix milliseconds."""
    total: int
    """Scores in the stretch, of which there may be more than these n."""


def allowed(per_day: float, stretch_ms: int) -> float:
    """Alerts that a stretch of event time may have; one that is shorter than a day may have a day's."""
    return per_day * max(stretch_ms / DAY_MS, 1.0)


def alerts_at(threshold: float, candidates: Candidates, *, window_ms: int) -> int:
    """How many alerts would be sent at a threshold: of those about the same none within ``window_ms`` of the last."""
    rows = np.flatnonzero(candidates.score >= np.float64(threshold))
    if not window_ms:
        return len(rows)
    order = rows[np.lexsort((candidates.ts[rows], candidates.about[rows]))]
    n, last_about, last_ts = 0, -1, 0
    for about, ts in zip(candidates.about[order].tolist(), candidates.ts[order].tolist(), strict=True):
        if about != last_about or ts - last_ts >= window_ms:
            n, last_about, last_ts = n + 1, about, ts
    return n


def threshold_for(limit: float, candidates: Candidates, *, window_ms: int) -> float:
    """The lowest score at which at most ``limit`` alerts would be sent, and where that is none of the scores, since
    too many have the highest, the next number above. Scores that are equal are alerts together, or none is.

    A millisecond a thousand candidates. Where the candidates are all scores and each may be an alert, it is 0. Where
    they aren't, it is above the lowest of them, which there may be more of.
    """
    scores = np.unique(candidates.score)  # from the lowest
    is_all = candidates.total <= len(candidates.score)
    # What is sent at a threshold is the most that fits, so it never falls as the threshold does.
    low, high = (0 if is_all else 1), len(scores)
    while low < high:
        middle = (low + high) // 2
        if alerts_at(float(scores[middle]), candidates, window_ms=window_ms) <= limit:
            high = middle
        else:
            low = middle + 1
    if low == len(scores):
        return float(np.nextafter(scores[-1], np.float32(np.inf))) if len(scores) else 0.0
    return float(scores[low]) if low else 0.0
