"""Reading what is done: the ledger, all of it or as much as the next owner of a partition needs, and sweeps."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from schemas.ledger import LedgerRow, Tiling, tile
from schemas.topics import BEHAVIOUR
from streams.clickhouse.reader import Reader

_NUMBERS = (
    "first, last, epoch, records, rows, duplicates, dead_letters, passed, erased, max_ts_ms, min_ts_ms, written_ms"
)


def read_tilings(reader: Reader) -> dict[tuple[str, int], Tiling]:
    """The whole ledger by topic and partition, without identities."""
    found = reader.columns(f"SELECT topic, partition, worker, {_NUMBERS} FROM ledger FINAL")  # noqa: S608 - own columns
    rows: dict[tuple[str, int], list[LedgerRow]] = defaultdict(list)
    for topic, partition, row in zip(found["topic"], found["partition"].tolist(), _rows(found), strict=True):
        rows[topic, partition].append(row)
    return {pair: tile(of_pair) for pair, of_pair in sorted(rows.items())}


def read_end(reader: Reader, topic: str, partition: int, *, window: int) -> Tiling:
    """The end of one partition's tiling with identities: the rows of the last ``window`` offsets and at least one.

    Its ``last`` is where the next owner goes on; :func:`schemas.ledger.recent_identities` gives the duplicate window.
    """
    params = {"topic": topic, "partition": partition}
    epochs = reader.query(
        "SELECT epoch, min(first), max(last), max(last - first) FROM ledger"
        " WHERE topic = %(topic)s AND partition = %(partition)s GROUP BY epoch ORDER BY epoch",
        params,
    )
    if not epochs:
        return tile([])
    starts = {epoch: first for epoch, first, _, _ in epochs}
    _, _, end, _ = epochs[-1]  # superseded rows, of earlier epochs, may lie beyond it
    since = end - max(window, 1)
    # The first offset is in the primary key, so the identities of what lies before aren't read.
    params |= {"last": since, "first": since - max(length for *_, length in epochs)}
    found = reader.columns(
        f"SELECT worker, identities, {_NUMBERS} FROM ledger FINAL"  # noqa: S608 - own columns
        " WHERE topic = %(topic)s AND partition = %(partition)s AND first >= %(first)s AND last > %(last)s",
        params,
        raw=("identities",),
    )
    return tile(_rows(found), starts)


def next_offsets(reader: Reader) -> dict[tuple[str, int], int]:
    """By topic and partition, the offset at which the next owner goes on: what lies before it is done for good."""
    found = reader.query(
        "SELECT topic, partition, tupleElement(max((epoch, last)), 2) + 1 FROM ledger GROUP BY topic, partition"
    )
    return {(topic, partition): offset for topic, partition, offset in found}


def latest_event_ms(reader: Reader) -> dict[int, int]:
    """By partition, the latest event time of all behaviour that is done."""
    found = reader.columns(
        "SELECT partition, max(max_ts_ms) AS at_ms FROM ledger WHERE topic IN %(topics)s GROUP BY partition",
        {"topics": BEHAVIOUR},
    )
    return dict(zip(found["partition"].tolist(), found["at_ms"].tolist(), strict=True))


def midnights_swept(reader: Reader) -> dict[int, int]:
    """By partition, the latest midnight whose sweep is done, where there is any."""
    return dict(reader.query("SELECT partition, max(at_ms) FROM sweeps GROUP BY partition"))


def _rows(found: dict[str, Any]) -> list[LedgerRow]:
    """Ledger rows of the columns that were read."""
    names = [name for name in found if name not in ("topic", "partition")]
    columns = (found[name] if isinstance(found[name], list) else found[name].tolist() for name in names)
    return [LedgerRow(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]
