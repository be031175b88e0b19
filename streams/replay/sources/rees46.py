"""REES46's multi-category store: views, carts and purchases of real shoppers, a CSV file a month, in order of time.

A row that is a purchase is one item bought; rows don't say which of them were paid together, so each is an order of its
own. Rows without a session (the shop's own glitches) are dropped. Rows have no number of their own: ``event_id`` is the
time and the row's number in the file, so that rows alike remain two events, and months may follow one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from streams.replay.chunk import Chunk, Columns, Rows, encoded
from streams.replay.csv_rows import csv_rows
from streams.replay.source import Source

_COLUMNS = {
    "event_time": "str",
    "event_type": "str",
    "product_id": "str",
    "category_id": "str",
    "category_code": "str",
    "brand": "str",
    "price": "float64",
    "user_id": "str",
    "user_session": "str",
}
_TYPES = {"view": "view", "cart": "cart_add", "remove_from_cart": "cart_remove", "purchase": "purchase"}


def read(path: Path) -> Iterator[Chunk]:
    for rows in csv_rows(path, _COLUMNS):
        yield _chunk(rows[(rows["user_session"] != "") & rows["event_type"].isin(_TYPES)])


def _chunk(rows: pd.DataFrame) -> Chunk:
    time = pd.to_datetime(rows["event_time"].str.removesuffix(" UTC"), format="%Y-%m-%d %H:%M:%S")
    ts = time.to_numpy(dtype="datetime64[ms]").astype(np.int64)
    # A category without a name goes by its number.
    category = rows["category_code"].where(rows["category_code"] != "", rows["category_id"])
    rows = rows.assign(ts=ts, category=category, place=np.arange(len(rows)))
    parts = []
    for kind, of_kind in rows.groupby("event_type"):
        row = of_kind.index
        event_id = [f"{ms}-{number}" for ms, number in zip(of_kind["ts"], row, strict=True)]
        columns: Columns = {
            "event_id": event_id,
            "user_id": of_kind["user_id"].tolist(),
            "ts": of_kind["ts"].to_numpy(),
            "item": of_kind["product_id"].tolist(),
            "category": of_kind["category"].tolist(),
            "brand": of_kind["brand"].tolist(),
            "price": of_kind["price"].to_numpy(),
            "currency": ["USD"] * len(of_kind),
            "session": of_kind["user_session"].tolist(),
        }
        if kind == "purchase":
            columns |= {"order_id": event_id, "amount": columns["price"], "merchant": ["rees46"] * len(of_kind)}
        parts.append(Rows(type=_TYPES[str(kind)], place=of_kind["place"].to_numpy(), columns=columns))
    return encoded(parts)


SOURCE = Source(
    name="rees46",
    description="a multi-category store, a month a file: views, carts, purchases in sessions",
    citation="Kechinov, eCommerce behavior data from multi category store, REES46 Open CDP",
    read=read,
)
