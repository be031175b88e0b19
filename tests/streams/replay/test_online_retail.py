"""Online Retail: the shipped file holds the original, and events add up to it."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from streams.replay.make_online_retail import make
from streams.replay.sources.online_retail import SHIPPED, SOURCE

MAX_BYTES = 2_500_000


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    return pd.DataFrame([json.loads(value) for chunk in SOURCE.events() for value in chunk.value])


@pytest.fixture(scope="module")
def original(data_file: Callable[[str], Path]) -> pd.DataFrame:
    rows = pd.read_parquet(data_file("online_retail.parquet")).dropna(subset="CustomerID")
    return rows.assign(amount=rows["Quantity"] * rows["UnitPrice"], credit=rows["InvoiceNo"].str.startswith("C"))


def test_the_shipped_file_is_small_and_is_what_make_makes(tmp_path: Path, data_file: Callable[[str], Path]) -> None:
    make(data_file("online_retail.parquet"), tmp_path / "made.parquet")
    assert pd.read_parquet(tmp_path / "made.parquet").equals(pd.read_parquet(SHIPPED))
    assert SHIPPED.stat().st_size < MAX_BYTES


def test_there_are_as_many_events_as_the_source_says(events: pd.DataFrame) -> None:
    assert len(events) == SOURCE.total() == 420_114


def test_every_line_invoice_and_credit_note_is_an_event(events: pd.DataFrame, original: pd.DataFrame) -> None:
    bought, returned = original[~original["credit"]], original[original["credit"]]
    assert events["type"].value_counts().to_dict() == {
        "cart_add": len(bought),
        "purchase": bought["InvoiceNo"].nunique(),
        "return": returned["InvoiceNo"].nunique(),
    }


def test_amounts_and_units_add_up(events: pd.DataFrame, original: pd.DataFrame) -> None:
    by_type = events.groupby("type")[["amount", "quantity"]].sum()
    bought, returned = original[~original["credit"]], original[original["credit"]]
    assert by_type.loc["purchase", "amount"] == pytest.approx(bought["amount"].sum())
    assert by_type.loc["return", "amount"] == pytest.approx(-returned["amount"].sum())
    assert by_type.loc["purchase", "quantity"] == by_type.loc["cart_add", "quantity"] == bought["Quantity"].sum()
    assert by_type.loc["return", "quantity"] == -returned["Quantity"].sum()


def test_each_shopper_spent_what_the_original_says(events: pd.DataFrame, original: pd.DataFrame) -> None:
    spent = events[events["type"] == "purchase"].groupby("user_id")["amount"].sum()
    said = original[~original["credit"]].groupby(original["CustomerID"].astype(int).astype(str))["amount"].sum()
    pd.testing.assert_series_equal(spent.sort_index(), said.sort_index(), check_names=False)


def test_an_invoice_is_its_lines_and_then_the_purchase(events: pd.DataFrame) -> None:
    at = events.reset_index()
    last_line = at[at["type"] == "cart_add"].groupby("session")[["index", "ts"]].max()
    purchase = at[at["type"] == "purchase"].set_index("order_id")[["index", "ts"]]
    assert (purchase > last_line.loc[purchase.index]).all(axis=None)


def test_an_invoice_of_the_original(events: pd.DataFrame) -> None:
    invoice = events[(events["session"] == "536365") | (events["order_id"] == "536365")]
    assert invoice["event_id"].tolist() == [*(f"536365-{line}" for line in range(7)), "536365"]
    assert invoice["ts"].tolist() == [1_291_191_960_000 + ms for ms in range(8)]
    purchase = invoice.iloc[-1]
    assert (purchase["amount"], purchase["quantity"], purchase["country"]) == (139.12, 40, "United Kingdom")
    assert (purchase["currency"], purchase["user_id"]) == ("GBP", "17850")
