"""Churn that shows by itself: a shopper without an event on a later day (UTC) within the horizon.

What the shopper does on the day that was scored says nothing of coming back.

Time is each partition's own. Its watermark is the latest event time in its ledger, less an allowance for events that
come late, and a prediction gets its label once the watermark has passed its due time. A partition that was never
considered is considered from the beginning, however far the others are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.catalogue import ModelSpec
from models.snapshots import Snapshot, considered_ms
from streams.clickhouse.ledger import latest_event_ms
from streams.clickhouse.reader import Reader
from streams.learner.learnt import LEARNT
from streams.learner.source import IS_DONE, OWN_FIRST, OWN_SCORE, Found, logs_done, to_examples

DAY_MS = 86_400_000

# A partition that isn't in `partitions` has index 0, for which arrayElement gives 0: nothing of it is due.
_DUE = (
    "SELECT user_id, event_id, ts_ms, due_ms, due_ms AS labelled_ms, 0 AS corrects, features_f32, "
    + OWN_SCORE
    + """ AS score
FROM predictions
WHERE kind = %(kind)s AND feature_set = %(feature_set)s
AND due_ms > %(first_ms)s AND due_ms <= %(last_ms)s
AND due_ms > arrayElement(%(after_ms)s, indexOf(%(partitions)s, partition))
AND due_ms <= arrayElement(%(until_ms)s, indexOf(%(partitions)s, partition))
AND """
    + IS_DONE
    + """
AND (user_id, event_id) NOT IN ("""
    + LEARNT
    + """AND due_ms > %(first_ms)s AND due_ms <= %(last_ms)s)
ORDER BY due_ms, user_id, event_id, """
    + OWN_FIRST
    + " LIMIT %(limit)s"
)

# Of each prediction the shopper's first event on a later day, if that came in time.
_ACTIVE = """
SELECT due.row AS row
FROM due
ASOF INNER JOIN (
    SELECT user_id, toUnixTimestamp64Milli(ts) AS at_ms
    FROM events
    WHERE user_id IN (SELECT user_id FROM due)
    AND ts > fromUnixTimestamp64Milli(toInt64(%(after_ms)s)) AND ts <= fromUnixTimestamp64Milli(toInt64(%(until_ms)s))
) AS activity ON due.user_id = activity.user_id AND due.day_end_ms <= activity.at_ms
WHERE activity.at_ms <= due.due_ms
"""


class Silence:
    """A :class:`~streams.learner.source.LabelSource`.

    Parameters
    ----------
    spec
        The model.
    reader
        ClickHouse.
    lateness_ms
        How much later than a partition's latest event another may still come. At least as much as a producer's clock
        may be ahead: one such event takes the watermark along. A prediction that is done when the watermark has
        passed its due time by twice as much may be missed.
    """

    def __init__(self, spec: ModelSpec, reader: Reader, *, lateness_ms: int) -> None:
        self.spec = spec
        self._reader = reader
        self._lateness_ms = lateness_ms

    def take(self, parent: Snapshot | None, limit: int) -> Found:
        considered = considered_ms(parent)
        until = {partition: at_ms - self._lateness_ms for partition, at_ms in latest_event_ms(self._reader).items()}
        due = self._due(parent, considered, until, limit)
        n = len(due["user_id"])
        if n == limit:  # there may be more from this time on
            reached = int(due["due_ms"][-1]) - 1
            until = {partition: min(at_ms, reached) for partition, at_ms in until.items()}
        for partition, at_ms in until.items():
            considered[partition] = max(at_ms, considered.get(partition, at_ms))
        return Found(examples=to_examples(self.spec, due, ~self._active(due)), considered_ms=considered)

    def _due(
        self, parent: Snapshot | None, considered: dict[int, int], until: dict[int, int], limit: int
    ) -> dict[str, Any]:
        """Predictions that are due and not learnt, as columns, by due time."""
        # What was considered is looked at once more for as long as events may come late.
        after = {partition: max(considered.get(partition, 0) - self._lateness_ms, 0) for partition in until}
        return self._reader.columns(
            _DUE,
            logs_done(self._reader)
            | {
                "model": self.spec.name,
                "version": parent.version if parent else "",
                "kind": self.spec.kind,
                "feature_set": self.spec.features.fingerprint,
                "partitions": list(until) or [-1],
                "after_ms": list(after.values()) or [0],
                "until_ms": list(until.values()) or [0],
                "first_ms": min(after.values(), default=0),
                "last_ms": max(until.values(), default=0),
                "limit": limit,
            },
            raw=("features_f32",),
        )

    def _active(self, due: dict[str, Any]) -> npt.NDArray[np.bool_]:
        """Whether each shopper had an event after the one that was scored, up to the due time: shape (n,)."""
        active = np.zeros(len(due["user_id"]), dtype=np.bool_)
        if len(active):
            table = {
                "row": ("UInt32", np.arange(len(active))),
                "user_id": ("String", due["user_id"]),
                "day_end_ms": ("Int64", (due["ts_ms"] // DAY_MS + 1) * DAY_MS),
                "due_ms": ("Int64", due["due_ms"]),
            }
            window = {"after_ms": int(due["ts_ms"].min()), "until_ms": int(due["due_ms"].max())}
            active[self._reader.columns(_ACTIVE, window, tables={"due": table})["row"]] = True
        return active
