"""Taobao's UserBehavior: page views, carts, favourites and purchases, without prices.

Behaviours are pv (``view``), cart (``cart_add``), fav (``click``) and buy (``purchase``, an order of its own, amount
0). Rows before 14 July 2017 are wrong clocks and dropped. The published file is ordered by shopper: for a replay in
order of time sort it first, ``sort -t, -k5,5n -s``. ``event_id`` is the time and the row's number in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from streams.replay.chunk import Chunk, Columns, Rows, encoded
from streams.replay.csv_rows import csv_rows
from streams.replay.source import Source

_COLUMNS = {"user_id": "str", "item_id": "str", "category_id": "str", "behavior": "str", "ts": "int64"}
_TYPES = {"pv": "view", "cart": "cart_add", "fav": "click", "buy": "purchase"}
_FIRST_S = 1_500_000_000


def read(path: Path) -> Iterator[Chunk]:
    for rows in csv_rows(path, _COLUMNS, header=False):
        yield _chunk(rows[(rows["ts"] >= _FIRST_S) & rows["behavior"].isin(_TYPES)])


def _chunk(rows: pd.DataFrame) -> Chunk:
    rows = rows.assign(place=np.arange(len(rows)))
    parts = []
    for kind, of_kind in rows.groupby("behavior"):
        ts = of_kind["ts"].to_numpy() * 1000
        event_id = [f"{ms}-{number}" for ms, number in zip(ts.tolist(), of_kind.index, strict=True)]
        columns: Columns = {
            "event_id": event_id,
            "user_id": of_kind["user_id"].tolist(),
            "ts": ts,
            "item": of_kind["item_id"].tolist(),
            "category": of_kind["category_id"].tolist(),
        }
        if kind == "buy":
            nothing = np.zeros(len(of_kind))
            columns |= {"order_id": event_id, "amount": nothing, "merchant": ["taobao"] * len(of_kind)}
        parts.append(Rows(type=_TYPES[str(kind)], place=of_kind["place"].to_numpy(), columns=columns))
    return encoded(parts)


SOURCE = Source(
    name="taobao",
    description="Taobao's UserBehavior: views, carts, favourites, purchases",
    citation="Alibaba, User Behavior Data from Taobao for Recommendation, Tianchi, data set 649",
    read=read,
)
