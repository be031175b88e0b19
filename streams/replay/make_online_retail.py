"""Makes the file of Online Retail that ships: ``python -m streams.replay.make_online_retail ORIGINAL.parquet``.

The original is the UCI's spreadsheet saved as Parquet with its own column names.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from streams.replay.sources.online_retail import SCHEMA, SHIPPED


def make(original: Path, to: Path) -> None:
    """Write the file that ships: the original's lines that have a customer, in the original's order."""
    rows = pd.read_parquet(original).dropna(subset="CustomerID")
    invoice = rows["InvoiceNo"].astype(str)
    minutes = pd.to_datetime(rows["InvoiceDate"]).to_numpy(dtype="datetime64[m]").astype(np.int32)
    table = pa.table(
        {
            "credit": invoice.str.startswith("C"),
            "invoice": invoice.str.removeprefix("C").astype(np.int32),
            "minute": minutes,
            "customer": rows["CustomerID"].astype(np.int32),
            "country": rows["Country"].astype(str),
            "item": rows["StockCode"].astype(str),
            "quantity": rows["Quantity"].astype(np.int32),
            "price": (rows["UnitPrice"] * 1000).round().astype(np.int32),
        },
        schema=SCHEMA,
    )
    pq.write_table(table, to, compression="zstd", compression_level=22, use_dictionary=True, write_statistics=False)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m streams.replay.make_online_retail ORIGINAL.parquet")
    make(Path(sys.argv[1]), SHIPPED)
