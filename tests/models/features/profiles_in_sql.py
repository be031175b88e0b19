"""Profiles recomputed by ClickHouse from the ``events`` table, as they were just before some of its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams.clickhouse.reader import Reader
from tests.models.profiles.reference import SCALES_MS, TYPES, State

CONTRIBUTIONS = {
    **{f"{name}es" if name.endswith("h") else f"{name}s": f"type = '{name}'" for name in TYPES},
    "spent": "if(type = 'purchase', amount, 0)",
    "refunded": "if(type = 'return', amount, 0)",
    "stars": "if(type = 'review', rating, 0)",
    "night": "toHour(ts) < 6",
    "cart_units": "multiIf(type = 'cart_add', quantity, type IN ('cart_remove', 'purchase'), -quantity, 0)",
    "cart_value": "multiIf(type = 'cart_add', quantity * price, type = 'cart_remove', -quantity * price,"
    " type = 'purchase', -amount, 0)",
    "abnormal": "abnormal",
    "scored_reviews": "0",
    "sentiment": "0",
}
TOTALS = {
    "events": "count()",
    "purchases": "countIf(type = 'purchase')",
    "returns": "countIf(type = 'return')",
    "spent": "sumIf(amount, type = 'purchase')",
    "spent_squared": "sumIf(amount * amount, type = 'purchase')",
    "refunded": "sumIf(amount, type = 'return')",
    "cart_adds": "countIf(type = 'cart_add')",
    "scored_reviews": "0",
    "sentiment": "0",
}
_CELLS = [(measure, scale) for measure in CONTRIBUTIONS for scale in SCALES_MS]


def _decayed(term: str) -> list[str]:
    return [
        f"sum(exp(-(now_ms - ts_ms) / {SCALES_MS[scale]}) * {term.format(CONTRIBUTIONS[measure])})"
        for measure, scale in _CELLS
    ]


def _registers(column: str) -> str:
    rest = f"bitShiftRight(xxHash64({column}), 6)"
    rank = f"least(57, bitCount(bitXor({rest}, {rest} - 1)))"
    return f"maxMapIf([bitAnd(xxHash64({column}), 63)], [{rank}], {column} != '')"


def _latest(column: str) -> str:
    last_seen = f"maxMapIf([xxHash64({column})], [ts_ms], {column} != '')"
    return f"arraySlice(arrayReverseSort(arrayZip({last_seen}.2, {last_seen}.1)), 1, 4)"


def _query(id_column: str, peer: str, condition: str, targets: str) -> str:
    """One row a target that names a profile which had events before: its position, then the fields of a ``State``."""
    fields = [
        *_decayed("({})"),
        *_decayed("abs({})"),
        *TOTALS.values(),
        "maxIf(amount, type = 'purchase')",
        "min(ts_ms)",
        "max(ts_ms)",
        "maxIf(ts_ms, type = 'purchase')",
        _registers(peer),
        _registers("session"),
        "groupUniqArray(intDiv(ts_ms, 86400000))",
        _latest("device"),
        _latest("country"),
    ]
    # Whether a purchase is abnormal follows from the shopper's before it, whichever profile it counts for.
    return f"""
        WITH judged AS
        (
            SELECT
                *, type,
                type = 'purchase' AND count() OVER before >= 5 AND amount > 2.5 * avg(amount) OVER before AS abnormal
            FROM events
            WINDOW before AS
            (PARTITION BY user_id, type ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ),
        seen AS
        (
            SELECT
                target.offset AS position,
                event.type AS type, event.ts AS ts, toUnixTimestamp64Milli(event.ts) AS ts_ms,
                greatest(toUnixTimestamp64Milli(target.ts), max(ts_ms) OVER (PARTITION BY target.offset)) AS now_ms,
                event.price AS price, event.quantity AS quantity, event.amount AS amount, event.rating AS rating,
                event.{peer} AS {peer}, event.session AS session,
                event.device AS device, toString(event.country) AS country, event.abnormal AS abnormal
            FROM judged AS event
            INNER JOIN events AS target ON event.{id_column} = target.{id_column}
            WHERE target.offset IN ({targets}) AND event.offset < target.offset AND target.{id_column} != ''
            AND {condition}
        )
        SELECT position, {", ".join(fields)} FROM seen GROUP BY position
    """  # the offset of these events is their position in the order of processing


PAYMENT = "event.type IN ('checkout', 'purchase', 'return')"
LAST_EVENTS = "SELECT max(offset) FROM events GROUP BY user_id"
LAST_PURCHASES = "SELECT max(offset) FROM events WHERE type = 'purchase' GROUP BY user_id"


def states_before(reader: Reader, kind: str, targets: str) -> dict[int, State]:
    """By the position of each target, the state of the profile of ``kind`` that it names, just before it."""
    query = _query("user_id", "item", "true", targets) if kind == "user" else _query(kind, "user_id", PAYMENT, targets)
    return {position: _state(row) for position, *row in reader.query(query)}


def _state(row: Sequence[Any]) -> State:
    sums, others = row[: 2 * len(_CELLS)], row[2 * len(_CELLS) :]
    totals, others = others[: len(TOTALS)], others[len(TOTALS) :]
    max_amount, first_ms, last_ms, last_purchase_ms, peers, sessions, days, devices, countries = others
    return State(
        decayed=dict(zip(_CELLS, sums[: len(_CELLS)], strict=True)),
        magnitude=dict(zip(_CELLS, sums[len(_CELLS) :], strict=True)),
        totals=dict(zip(TOTALS, totals, strict=True)),
        max_amount=max_amount,
        first_ms=first_ms,
        last_ms=last_ms,
        last_purchase_ms=last_purchase_ms,
        peers=_all_registers(*peers),
        sessions=_all_registers(*sessions),
        days=frozenset(days),
        devices=devices,
        countries=countries,
    )


def _all_registers(indices: Sequence[int], ranks: Sequence[int]) -> list[int]:
    given = dict(zip(indices, ranks, strict=True))
    return [given.get(index, 0) for index in range(64)]
