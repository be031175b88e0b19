"""The Fraud Detection Handbook's simulated card transactions, and the truth about each of them 7 days later.

A transaction is a ``purchase`` at a merchant (the terminal) with the customer's card; its ``fraud_label`` follows after
the delay of the handbook's protocol, in the order of time with later purchases.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from streams.errors import Invalid
from streams.replay.chunk import CHUNK_EVENTS, Chunk, Columns, Rows, encoded
from streams.replay.source import Source

LABEL_DELAY_MS = 7 * 86_400_000

_COLUMNS = ["TRANSACTION_ID", "TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD"]


def read(path: Path) -> Iterator[Chunk]:
    try:
        rows = pd.read_parquet(path, columns=_COLUMNS)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _wrong(path, error) from None
    ts = rows["TX_DATETIME"].to_numpy(dtype="datetime64[ms]").astype(np.int64)  # (n_transactions,)
    # A label's number is its transaction's plus n_transactions; in a tie the purchase goes first.
    order = np.argsort(np.concatenate([ts, ts + LABEL_DELAY_MS]), kind="stable")  # (2 n_transactions,)
    rows = rows.assign(ts=ts)
    for start in range(0, len(order), CHUNK_EVENTS):
        yield _chunk(rows, order[start : start + CHUNK_EVENTS])


def count(path: Path) -> int:
    """Each transaction is a purchase and a label."""
    try:
        return 2 * int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _wrong(path, error) from None


def _wrong(path: Path, error: Exception) -> Invalid:
    return Invalid(f"{path} does not hold the handbook's transactions: {str(error).splitlines()[0]}")


def _chunk(rows: pd.DataFrame, order: npt.NDArray[np.intp]) -> Chunk:
    is_label = order >= len(rows)
    parts = [_purchases, _labels]
    places = [np.flatnonzero(~is_label), np.flatnonzero(is_label)]
    return encoded(part(rows.iloc[order[at] % len(rows)], at) for part, at in zip(parts, places, strict=True))


def _purchases(rows: pd.DataFrame, place: npt.NDArray[np.int64]) -> Rows:
    event_id = _texts(rows["TRANSACTION_ID"])
    user = _texts(rows["CUSTOMER_ID"])
    columns: Columns = {
        "event_id": event_id,
        "user_id": user,
        "ts": rows["ts"].to_numpy(),
        "order_id": event_id,
        "amount": rows["TX_AMOUNT"].to_numpy(),
        "method": ["card"] * len(rows),
        "card": [f"card-{customer}" for customer in user],
        "merchant": _texts(rows["TERMINAL_ID"]),
    }
    return Rows(type="purchase", place=place, columns=columns)


def _labels(rows: pd.DataFrame, place: npt.NDArray[np.int64]) -> Rows:
    target = _texts(rows["TRANSACTION_ID"])
    columns: Columns = {
        "event_id": [f"label-{transaction}" for transaction in target],
        "user_id": _texts(rows["CUSTOMER_ID"]),
        "ts": rows["ts"].to_numpy() + LABEL_DELAY_MS,
        "target": target,
        "verdict": np.where(rows["TX_FRAUD"] == 1, "fraud", "ok"),
    }
    return Rows(type="fraud_label", place=place, columns=columns)


def _texts(column: pd.Series[int]) -> list[str]:
    return list(map(str, column.tolist()))


SOURCE = Source(
    name="fraud-handbook",
    description="simulated card transactions with fraud, and their labels 7 days later",
    citation="Le Borgne et al. (2022), Reproducible Machine Learning for Credit Card Fraud Detection",
    read=read,
    count=count,
)
