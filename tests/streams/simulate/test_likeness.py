"""Whether a simulated shop is like a shop, by the events as consumers read them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from streams.simulate.aftermath import CHARGED_BACK, CLEARED, REVIEWED
from streams.simulate.catalogue import Catalogue
from streams.simulate.delivery import LATEST_MS
from streams.simulate.seasons import BY_HOUR, Hours
from streams.simulate.sentences import N_UNHAPPY, sentences
from streams.simulate.shop import DAY_MS, HOUR_MS
from streams.simulate.visits import CHECKS_OUT, CLICKED, FILLS_CART, PAYS, SEARCHED, VIEWS
from tests.streams.simulate.conftest import DAYS, SHOP, Read

SIGMAS = 4.5


def once(read: Read) -> pd.DataFrame:
    return read.events.drop_duplicates("event_id").set_index("event_id")


def visits(read: Read) -> pd.DataFrame:
    """Events by session and type, of sessions without a fraud."""
    events = once(read)
    events = events[events["session"] != ""]
    frauds = read.purchases.index[read.purchases["fraud"] != ""]
    doubtful = events.loc[events.index.intersection(frauds), "session"]
    honest = events[~events["session"].isin(doubtful)]
    return honest.groupby(["session", "type"]).size().unstack(fill_value=0)


def is_complete(events: pd.DataFrame) -> pd.Series[bool]:
    """Whether all that was late has come of what was before an event."""
    return events["ts"] < SHOP.start_ms + DAYS * DAY_MS - LATEST_MS


def is_about(found: float, expected: float, of: int) -> bool:
    """Whether a share of so many is what it should be, but for chance."""
    return abs(found - expected) < SIGMAS * np.sqrt(expected * (1 - expected) / of)


def test_visits_become_purchases_step_by_step(read: Read) -> None:
    of = visits(read)
    carts, checkouts = (of["cart_add"] > 0), (of["checkout"] > 0)
    assert is_about(carts.mean(), FILLS_CART, len(of))
    assert is_about(checkouts[carts].mean(), CHECKS_OUT, int(carts.sum()))
    assert is_about((of["purchase"] > 0)[checkouts].mean(), PAYS, int(checkouts.sum()))
    assert of["view"].mean() == pytest.approx(VIEWS, rel=0.05)
    assert is_about(of["search"].sum() / of["view"].sum(), SEARCHED, of["view"].sum())
    assert is_about(of["click"].sum() / of["view"].sum(), CLICKED, of["view"].sum())


def test_an_order_is_what_is_in_the_cart(read: Read) -> None:
    events = once(read)
    sign = events["type"].map({"cart_add": 1, "cart_remove": -1}).fillna(0)
    worth = (sign * events["price"] * events["quantity"]).groupby(events["session"]).sum()
    tests = read.purchases.query("fraud == 'card_testing'").index
    bought = events[(events["type"] == "purchase") & is_complete(events)].drop(tests, errors="ignore")
    assert len(bought) > 2_000
    assert worth[bought["session"]].to_numpy() == pytest.approx(bought["amount"].to_numpy(), abs=0.01)


def test_what_is_put_into_the_cart_was_viewed_before(read: Read) -> None:
    events = once(read)
    viewed = events[events["type"] == "view"].groupby(["session", "item"])["ts"].min()
    added = events[(events["type"] == "cart_add") & is_complete(events)]
    before = viewed.reindex(pd.MultiIndex.from_frame(added[["session", "item"]]))
    assert (before.to_numpy() < added["ts"].to_numpy()).all()


def test_hours_and_weekdays_are_as_busy_as_they_should(read: Read) -> None:
    events = once(read)
    tests = read.purchases.query("fraud == 'card_testing'").index
    starts = events[events["session"] != ""].drop(tests).groupby("session")["ts"].min()
    by_hour = np.bincount(starts % DAY_MS // HOUR_MS, minlength=24)
    expected = len(starts) * BY_HOUR / 24
    assert (abs(by_hour - expected) < SIGMAS * np.sqrt(expected)).all()
    weekday = (starts // DAY_MS + 3) % 7
    assert 1.2 < (weekday >= 5).sum() / 2 / ((weekday < 3).sum() / 3) < 1.45


def test_a_year_is_worth_a_year_and_december_most() -> None:
    days = [Hours(start, start + DAY_MS).days for start in range(SHOP.start_ms, SHOP.start_ms + 365 * DAY_MS, DAY_MS)]
    assert sum(days) == pytest.approx(365, rel=0.02)
    assert np.argmax([sum(days[month * 30 : month * 30 + 30]) for month in range(12)]) == 11


def test_nobody_acts_before_joining_or_after_falling_silent(read: Read) -> None:
    acts = read.events[read.events["type"] != "fraud_label"]
    lives = read.shoppers.loc[acts["user_id"]]
    assert (acts["ts"].to_numpy() >= lives["joined_ms"].to_numpy()).all()
    assert (acts["ts"].to_numpy() < lives["silent_ms"].to_numpy()).all()
    end_ms = SHOP.start_ms + DAYS * DAY_MS
    ordinary = read.shoppers[read.shoppers["fraud"] != "card_testing"]
    joined = ordinary[ordinary["joined_ms"] > SHOP.start_ms]
    assert (ordinary["silent_ms"] <= end_ms).sum() == pytest.approx(len(joined), rel=0.1)
    assert len(joined) > 300
    first = acts[acts["user_id"].isin(joined.index)].groupby("user_id")["ts"].min()
    assert (first - joined["joined_ms"].loc[first.index]).max() < 60_000


def test_some_come_much_more_often_than_others(read: Read) -> None:
    events = read.events[read.events["session"] != ""]
    visits = events.groupby("user_id")["session"].nunique().sort_values(ascending=False)
    assert 0.25 < visits.head(len(visits) // 10).sum() / visits.sum() < 0.6


def test_surroundings_are_the_shoppers_own(read: Read) -> None:
    events = once(read).query("device != ''")
    frauds = read.purchases.query("fraud == 'takeover' or fraud == 'card_testing'").index
    strange = events.loc[events.index.intersection(frauds), "session"]
    events = events[~events["session"].isin(strange)]
    by_shopper = events.groupby("user_id")
    assert by_shopper["device"].nunique().max() == 2
    assert by_shopper["country"].nunique().max() == 1
    assert events.groupby("device")["user_id"].nunique().max() == 1
    bought = events[events["card"] != ""].groupby("user_id")
    assert bought["card"].nunique().max() <= 2
    assert bought["merchant"].nunique().max() <= 3


def test_tastes_are_those_of_a_shopper(read: Read) -> None:
    """Two items viewed by one shopper are of one category far more often than two of different shoppers."""
    viewed = once(read).query("type == 'view'")
    category = viewed["item"].str[1:].astype(int) // 400
    mine = category.groupby(viewed["user_id"]).agg(lambda of: of.value_counts(normalize=True).pow(2).sum())
    assert mine[viewed["user_id"].value_counts() > 30].mean() > 4 * category.value_counts(normalize=True).pow(2).sum()


def test_frauds_are_as_many_as_asked_for(read: Read) -> None:
    kinds = read.purchases["fraud"].value_counts(normalize=True)
    assert 0.5 * SHOP.fraud < 1 - kinds[""] < 2 * SHOP.fraud
    assert set(kinds.index) == {"", "card_testing", "takeover", "refund_abuse"}


def test_cards_are_tested_in_bursts(read: Read) -> None:
    tests = once(read).loc[read.purchases.query("fraud == 'card_testing'").index]
    assert tests["amount"].max() <= 5
    assert tests["card"].is_unique
    by_device = tests.sort_values("ts").groupby("device")
    assert by_device.size().median() > 5
    assert by_device["merchant"].nunique().max() == 1
    assert by_device["ts"].agg(lambda ts: ts.diff().median()).median() < 300_000
    others = once(read).query("card != ''").drop(tests.index)
    assert not set(tests["card"]) & set(others["card"])


def test_a_taken_account_is_used_from_elsewhere_for_large_orders(read: Read) -> None:
    events = once(read)
    taken = events.loc[read.purchases.query("fraud == 'takeover'").index]
    honest = events[(events["session"] != "") & ~events["session"].isin(taken["session"])]
    assert len(taken) > 20
    for _, purchase in taken.iterrows():
        own = honest[honest["user_id"] == purchase["user_id"]]
        assert purchase["device"] not in set(own["device"])
        assert purchase["country"] not in set(own["country"])
    ordinary = events.loc[read.purchases.query("fraud == ''").index]
    assert taken["amount"].median() > 3 * ordinary["amount"].median()


def test_refunds_are_abused_and_bad_items_come_back(read: Read) -> None:
    events = once(read)
    returned = set(events.query("type == 'return'")["order_id"])
    early = events.loc[read.purchases.index].query("ts < @SHOP.start_ms + 30 * @DAY_MS")
    stays_ms = read.shoppers.loc[early["user_id"], "silent_ms"].to_numpy() - early["ts"].to_numpy()
    early = early[stays_ms > 25 * DAY_MS]
    fraud = read.purchases.loc[early.index, "fraud"]
    comes_back = early["order_id"].isin(returned)
    assert comes_back[fraud == "refund_abuse"].mean() > 0.9
    assert 0.02 < comes_back[fraud == ""].mean() < 0.08
    ordered = events.query("type == 'purchase'").set_index("order_id")["ts"]
    backs = events.query("type == 'return'")
    assert (backs["ts"].to_numpy() >= ordered[backs["order_id"]].to_numpy() + DAY_MS).all()


def test_verdicts_are_true_and_come_days_later(read: Read) -> None:
    labels = once(read).query("type == 'fraud_label'")
    about = read.purchases.loc[labels["target"]]
    assert ((about["fraud"] != "").to_numpy() == (labels["verdict"] == "fraud").to_numpy()).all()
    assert (labels["ts"].to_numpy() - about["ts"].to_numpy() >= DAY_MS).all()
    early = read.purchases[read.purchases["ts"] < SHOP.start_ms + 10 * DAY_MS]
    told, fraud = early.index.isin(labels["target"]), (early["fraud"] != "").to_numpy()
    assert is_about(told[fraud].mean(), CHARGED_BACK, int(fraud.sum()))
    assert is_about(told[~fraud].mean(), CLEARED, int((~fraud).sum()))


def test_reviews_say_what_their_stars_say_of_good_and_bad_items(read: Read) -> None:
    reviews = once(read).query("type == 'review'")
    written = [json.loads(b'"%b"' % text) for text in sentences().tolist()]
    happy, unhappy = written[N_UNHAPPY:], written[:N_UNHAPPY]
    for rating, text in zip(reviews["rating"], reviews["text"], strict=True):
        assert any(text.startswith(sentence) for sentence in (happy if rating >= 4 else unhappy))
    quality = Catalogue(SHOP.seed).quality[reviews["item"].str[1:].astype(int)]
    good, bad = reviews["rating"][quality > 0.85].mean(), reviews["rating"][quality < 0.65].mean()
    assert good - bad > 0.5
    honest = (read.purchases["fraud"] == "").sum()
    assert 0.6 * REVIEWED < len(reviews) / honest < REVIEWED
