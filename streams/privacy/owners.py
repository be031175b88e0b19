"""Who owns partitions and hasn't taken up a tombstone."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping

from schemas.topics import REVIEW_TEXTS
from streams.clickhouse.reader import Reader
from streams.errors import Retryable

POLL_S = 0.2

_BEHIND = f"""
SELECT owned.owner AS name, groupArray(concat(owned.topic, ' ', toString(owned.partition))) AS logs
FROM (
    SELECT topic, partition, max(epoch) AS latest, argMax(toString(worker), epoch) AS owner,
        if(topic = '{REVIEW_TEXTS}', '{REVIEW_TEXTS}', '') AS reads
    FROM assignments GROUP BY topic, partition
) AS owned
LEFT JOIN (
    SELECT worker, toString(reader) AS reads, epoch, max(number) AS taken_up FROM erasures_seen
    GROUP BY worker, reader, epoch
) AS seen ON owned.owner = seen.worker AND owned.reads = seen.reads AND owned.latest = seen.epoch
WHERE ifNull(seen.taken_up, 0) < %(number)s AND owned.owner NOT IN %(gone)s
GROUP BY name ORDER BY name
"""  # noqa: S608 - a constant


def behind(reader: Reader, number: int, gone: Collection[str]) -> Mapping[str, list[str]]:
    """The logs of each owner that hasn't taken up the tombstone of ``number``, but for those that are ``gone``."""
    rows = reader.query(_BEHIND, {"number": number, "gone": [*gone, ""]})
    return {worker: sorted(logs) for worker, logs in rows}


def wait(reader: Reader, number: int, gone: Collection[str], *, wait_s: float) -> None:
    """Until all have. Raises ``Retryable`` where some haven't by then."""
    deadline = time.monotonic() + wait_s
    while left := behind(reader, number, gone):
        if time.monotonic() > deadline:
            worker, logs = next(iter(left.items()))
            more = f", and {len(left) - 1} more haven't" if len(left) > 1 else ""
            raise Retryable(
                f"{worker} hasn't taken up the erasure within {wait_s:g} s, and may still write ({', '.join(logs)})"
                f"{more}: start it again or, if its process has ended, say --gone {worker}; then run "
                "`footfall erase` again, which finishes what is begun"
            )
        time.sleep(POLL_S)
