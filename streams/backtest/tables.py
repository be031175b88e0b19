"""Events and labels as workers wrote them to ClickHouse, in the order of their event times.

ClickHouse sorts them, on its disk where there are many, and sends them as they are taken: one block at a time is in
memory here. Of a row that was written again the latest counts. What an analyst said of an alert is a label of what was
scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from schemas.batch import NUMBERS, TEXTS, EventBatch
from schemas.events import AlertAck, FraudLabel
from schemas.tables import TABLES
from schemas.texts import Texts
from schemas.topics import CARTS, LABELS
from streams.backtest.clock import Part
from streams.clickhouse import blocks
from streams.clickhouse.connection import address, connect
from streams.clickhouse.faults import EXPECTED, one_line
from streams.clickhouse.reader import Reader
from streams.errors import Fatal
from streams.rebuild.source import PROFILE_TEXTS
from streams.settings import Settings

_BLOCK_ROWS = 65_536
_SORT_BYTES = 1 << 30
"""Of ClickHouse's memory; what is more is sorted on its disk."""

_TEXTS = ("event_id", *PROFILE_TEXTS, "target", "verdict")
_OF_EVENTS = (*(name for name in NUMBERS if name in TABLES["events"]), *PROFILE_TEXTS)

_FROM = "ts >= fromUnixTimestamp64Milli(toInt64({from_ms}))"

_SPAN = "SELECT count(), toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts)) FROM events"

_COUNT = f"""
SELECT (SELECT count() FROM events WHERE {_FROM}) + (SELECT count() FROM scored_reviews WHERE {_FROM})
    + (SELECT count() FROM labels WHERE {_FROM})
"""  # noqa: S608 - own constants


def _selected(columns: dict[str, str]) -> str:
    """A SELECT list of all columns: those that aren't given are empty."""
    names = ("topic", "type_code", "ts", *NUMBERS, *_TEXTS)
    empty = dict.fromkeys(NUMBERS, "toFloat64(0)") | dict.fromkeys(_TEXTS, "''")
    return ", ".join(f"{(empty | columns)[name]} AS {name}" for name in names)


_SHARED = ("topic", "type_code", "ts", "event_id", "user_id")
_EVENT = _selected({name: name for name in (*_SHARED, *_OF_EVENTS)})
_SCORED_REVIEW = _selected({name: name for name in (*_SHARED, "item", "rating", "sentiment")})
_LABEL = _selected({name: name for name in (*_SHARED, "target", "verdict")})
_SAID_OF_ALERT = _selected(
    {name: f"told.{name}" for name in (*_SHARED, "verdict")}
    | {"type_code": f"toUInt8({FraudLabel.code})", "target": "alerts.event_id"}
)
_EVENTS = f"""
SELECT * FROM (
    SELECT {_EVENT} FROM events FINAL WHERE {_FROM}
    UNION ALL
    SELECT {_SCORED_REVIEW} FROM scored_reviews FINAL WHERE {_FROM}
    UNION ALL
    SELECT {_LABEL} FROM labels FINAL WHERE {_FROM} AND type_code != {AlertAck.code}
    UNION ALL
    SELECT {_SAID_OF_ALERT}
    FROM (SELECT * FROM labels FINAL WHERE {_FROM} AND type_code = {AlertAck.code} AND verdict != 'ignore') AS told
    INNER JOIN (SELECT alert_id, user_id, event_id FROM alerts FINAL WHERE kind = 'fraud') AS alerts
    ON told.target = alerts.alert_id AND told.user_id = alerts.user_id
)
ORDER BY ts, user_id, topic, event_id
"""  # noqa: S608 - own constants


class Span(NamedTuple):
    """Of the rows of ``events``: how many, and the first and last event time."""

    events: int
    first_ms: int
    last_ms: int


def span(reader: Reader) -> Span:
    return Span(*reader.query(_SPAN)[0])


def count(reader: Reader, from_ms: int) -> int:
    """About how many rows :func:`parts` gives."""
    return int(reader.query(_COUNT.format(from_ms=from_ms))[0][0])


def parts(settings: Settings, from_ms: int) -> Iterator[Part]:
    """What happened from an event time on, inclusive, on a connection of its own.

    Blocks. A fault isn't waited for, as part of it is out already: raises ``Fatal``.
    """
    first = 0
    with connect(settings) as client:
        try:
            for block in blocks.select(
                client,
                _EVENTS.format(from_ms=from_ms),
                {},
                {"max_block_size": _BLOCK_ROWS, "max_bytes_before_external_sort": _SORT_BYTES},
                (),
            ):
                if len(block["ts"]):
                    yield _part(block, first)
                    first += len(block["ts"])
        except EXPECTED as error:
            raise Fatal(f"ClickHouse at {address(client)}, reading events, {one_line(error)}") from None


def _part(block: dict[str, Any], first: int) -> Part:
    n = len(block["ts"])
    columns: dict[str, Any] = dict.fromkeys(TEXTS, Texts.absent(n))
    columns |= {name: Texts.of(block[name]) for name in _TEXTS}
    # Copies: what comes over the wire can't be written to, and numba would compile for that anew.
    columns |= {name: np.array(block[name]) for name in ("ts", *NUMBERS)}
    batch = EventBatch(
        topic=CARTS, partition=0, offset=np.arange(first, first + n), type=np.array(block["type_code"]), **columns
    )
    is_label = np.array([topic == LABELS for topic in block["topic"]])
    return Part(ts=batch.ts, events=batch.where(~is_label), labels=batch.where(is_label))
