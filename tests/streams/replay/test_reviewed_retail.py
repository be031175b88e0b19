"""The shop's year with reviews: real orders, real sentences, and what was drawn."""

import json

import pandas as pd
import pytest

from models.text.data import SENTENCES
from streams.replay.sources.online_retail import SOURCE as WITHOUT_REVIEWS
from streams.replay.sources.reviewed_retail import SOURCE

DAY_MS = 86_400_000
FALLS_MS = 1_309_478_400_000


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    return pd.DataFrame([json.loads(value) for chunk in SOURCE.events() for value in chunk.value])


@pytest.fixture(scope="module")
def reviews(events: pd.DataFrame) -> pd.DataFrame:
    return events[events["type"] == "review"]


def test_reviews_join_the_orders_which_stay_as_they_are(events: pd.DataFrame) -> None:
    without = pd.DataFrame([json.loads(value) for chunk in WITHOUT_REVIEWS.events() for value in chunk.value])
    orders = events[events["type"] != "review"].drop(columns=["rating", "text"]).reset_index(drop=True)
    assert orders[without.columns].astype(without.dtypes.to_dict()).equals(without)
    assert events["ts"].is_monotonic_increasing
    assert len(events) == SOURCE.total()


def test_one_in_three_orders_is_reviewed_after_days(events: pd.DataFrame, reviews: pd.DataFrame) -> None:
    orders = events[events["type"] == "purchase"].set_index("order_id")
    assert len(reviews) == pytest.approx(len(orders) / 3, rel=0.1)
    ordered = orders.loc[reviews["event_id"].str.removesuffix("-review")]
    assert (ordered["user_id"].to_numpy() == reviews["user_id"].to_numpy()).all()
    waited_d = (reviews["ts"].to_numpy() - ordered["ts"].to_numpy()) / DAY_MS
    assert waited_d.min() > 0.9
    assert 4 < waited_d.mean() < 6


def test_a_review_is_of_an_item_of_its_order(events: pd.DataFrame, reviews: pd.DataFrame) -> None:
    bought = events[events["type"] == "cart_add"]
    pairs = set(zip(bought["session"], bought["item"], strict=True))
    order = reviews["event_id"].str.removesuffix("-review")
    assert set(zip(order, reviews["item"], strict=True)) <= pairs


def test_stars_go_with_real_sentences(reviews: pd.DataFrame) -> None:
    sentences = pd.read_parquet(SENTENCES)
    of_label = {label: set(texts) for label, texts in sentences.groupby("label")["text"]}
    happy = reviews["rating"] >= 4
    assert set(reviews["rating"]) == {1.0, 2.0, 4.0, 5.0}
    for label, chosen in ((1, reviews[happy]), (0, reviews[~happy])):
        single = chosen[chosen["text"].isin(of_label[0] | of_label[1])]
        assert set(single["text"]) <= of_label[label]
        assert 0.4 < len(single) / len(chosen) < 0.6


def test_some_items_fall(reviews: pd.DataFrame) -> None:
    happy = (reviews["rating"] >= 4).groupby([reviews["item"], reviews["ts"] >= FALLS_MS]).agg(["mean", "size"])
    often = happy["mean"][happy["size"] >= 8].unstack().dropna()
    fell = (often[True] < 0.45) & (often[False] > 0.5)
    assert 0.05 < fell.mean() < 0.3
