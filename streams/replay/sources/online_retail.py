"""UCI Online Retail: a gift shop's invoices as carts, purchases and returns.

A line of an invoice is a ``cart_add``; the invoice itself, after its lines, is a ``purchase``; a credit note (its
number starts with C) is a ``return`` of all its lines, with amount and units made positive. What is odd stays in:

- Lines of price 0 (40 of them, gifts) and the invoices of nothing else are events with price or amount 0.
- The same item may stand on several lines of an invoice, even twice alike: the invoice's amount adds all of them, so
  each is an event of its own, told apart by its line's number.
- Postage, carriage, discounts and manual corrections (items POST, C2, D, M and the like) are lines like any other.
- The 31 invoices written over two minutes have their lines in both, and the purchase follows the last.

Rows without a customer, a quarter of the data, have nobody to be an event of, and are left out of the shipped file.
Invoices say the minute; the n-th line (from 0) of an invoice happens n ms into it, so that event time keeps their
order. Which order a credit note refunds isn't said, so ``order_id`` of a return is the credit note's own number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from streams.errors import Invalid
from streams.replay.chunk import CHUNK_EVENTS, Chunk, Columns, Rows, encoded
from streams.replay.source import Source

SHIPPED = Path(__file__).parent.parent / "data" / "online_retail.parquet"
MINUTE_MS = 60_000
SCHEMA = pa.schema(
    {
        "credit": pa.bool_(),
        "invoice": pa.int32(),
        "minute": pa.int32(),  # of the Unix epoch
        "customer": pa.int32(),
        "country": pa.string(),
        "item": pa.string(),
        "quantity": pa.int32(),  # negative on credit notes
        "price": pa.int32(),  # in thousandths of a pound
    }
)


def read(path: Path) -> Iterator[Chunk]:
    yield from chunks(events_of(lines_of(path)))


def chunks(events: pd.DataFrame) -> Iterator[Chunk]:
    """Of events in their order, which may have been joined by reviews."""
    for start in range(0, len(events), CHUNK_EVENTS):
        yield _chunk(events.iloc[start : start + CHUNK_EVENTS])


def count(path: Path) -> int:
    lines = lines_of(path, ["credit", "invoice"])
    return int((~lines["credit"]).sum() + len(lines.drop_duplicates()))


def lines_of(path: Path, columns: Sequence[str] = SCHEMA.names) -> pd.DataFrame:
    """The file's rows. Raises ``Invalid`` for another file."""
    try:
        lines: pd.DataFrame = (
            pq.read_table(path, columns=list(columns))
            .cast(pa.schema([SCHEMA.field(name) for name in columns]))
            .to_pandas()
        )
    except (pa.ArrowException, OSError, ValueError):
        raise Invalid(f"{path} was not made by python -m streams.replay.make_online_retail") from None
    return lines


def events_of(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines and orders in the order of event time, told apart by ``type``."""
    # The number of the line within its invoice, counted over the file.
    by_invoice = lines.groupby(["credit", "invoice"], sort=False)
    lines = lines.assign(line=by_invoice.cumcount(), value=lines["quantity"] * lines["price"].astype("int64"))
    lines["ts"] = lines["minute"].astype("int64") * MINUTE_MS + lines["line"]
    orders = (
        lines.groupby(["credit", "invoice"], sort=False)
        .agg(
            customer=("customer", "first"),
            country=("country", "first"),
            quantity=("quantity", "sum"),
            value=("value", "sum"),
            ts=("ts", "max"),
        )
        .reset_index()
    )
    orders["ts"] += 1
    orders["type"] = np.where(orders["credit"], "return", "purchase")
    orders[["quantity", "value"]] = orders[["quantity", "value"]].abs()
    bought = lines[~lines["credit"]].assign(type="cart_add")
    return pd.concat([bought, orders]).sort_values("ts", kind="stable", ignore_index=True)


def _chunk(events: pd.DataFrame) -> Chunk:
    events = events.reset_index(drop=True)
    parts = []
    for kind, rows in events.groupby("type"):
        invoice = np.where(rows["credit"], "C", "") + rows["invoice"].astype(str).to_numpy(dtype="U")
        columns: Columns = {
            "event_id": invoice,
            "user_id": rows["customer"].astype(str).tolist(),
            "ts": rows["ts"].to_numpy(),
        }
        shop = {"currency": ["GBP"] * len(rows), "country": rows["country"].tolist()}
        quantity = rows["quantity"].to_numpy()
        if kind == "cart_add":
            line = rows["line"].astype("int64").astype(str).to_numpy(dtype="U")
            columns["event_id"] = np.char.add(np.char.add(invoice, "-"), line)
            columns |= {
                "session": invoice,
                "item": rows["item"].tolist(),
                "price": rows["price"].to_numpy() / 1000,
                "quantity": quantity,
            }
        elif kind == "review":
            columns["event_id"] = np.char.add(invoice, "-review")
            columns |= {name: rows[name].tolist() for name in ("item", "rating", "text")}
        else:
            columns |= {"order_id": invoice, "amount": rows["value"].to_numpy() / 1000, "quantity": quantity}
            columns |= {"merchant": ["online-retail"] * len(rows)}
        parts.append(Rows(type=str(kind), place=rows.index.to_numpy(), columns=columns | shop))
    return encoded(parts)


SOURCE = Source(
    name="online-retail",
    description="a UK gift shop's invoices, December 2010 to December 2011: carts, purchases, returns",
    citation="Chen (2015), Online Retail, UCI Machine Learning Repository, CC BY 4.0, doi:10.24432/C5BW33",
    read=read,
    shipped=SHIPPED,
    count=count,
)
