"""The page in a real browser: what it shows is what the tables hold, and nothing errs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from deploy.screenshots.browser import chromium, installed
from schemas.topics import CLICKS, LABELS
from streams.clickhouse.reader import Reader
from streams.settings import Secret, Settings
from tests.streams.audit.shop import Shop as Log
from tests.streams.conftest import with_topics
from tests.streams.console.browser import PHONE, Look
from tests.streams.console.conftest import Open, Site, a_shop
from tests.streams.console.shop import EVIL, NOW_MS, Shop
from tests.streams.worker.on_topic import messages

PANELS = 8
BARRIERS = (Path(__file__).parent / "access.js").read_text(encoding="utf-8")
Here = tuple[Settings, Shop]
Opens = Callable[..., Look]
GROUND = "getComputedStyle(document.body).backgroundColor"
MINUS, NONE = "\u2212", "\u2013"
DARK, LIGHT = "rgb(14, 19, 26)", "rgb(243, 245, 248)"


@pytest.fixture(scope="module")
def here(clickhouse: tuple[str, int], kafka: str) -> Iterator[Here]:
    """Something for every panel."""
    with a_shop(clickhouse) as (settings, shop):
        fill(shop)
        yield with_topics(settings, kafka), shop


@pytest.fixture(scope="module")
def site(open_console: Open, here: Here) -> Site:
    return open_console(here[0])


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    """Opened last, closed first: see :func:`chromium`."""
    if installed() is None:
        pytest.skip("there is no Chromium on this machine")
    with chromium() as browser:
        yield browser


@pytest.fixture
def look(browser: Browser, site: Site) -> Iterator[Opens]:
    """Opens pages; whatever the test does, nothing errs in them."""
    with ExitStack() as closing:

        def looked(url: str = site.url, **context: Any) -> Look:
            looks.append(Look(browser, url, **context))
            closing.callback(looks[-1].close)
            return looks[-1]

        looks: list[Look] = []
        yield looked
        assert [trouble for one in looks for trouble in one.troubles] == []


def fill(shop: Shop) -> None:
    shop.passes()
    for user in ("ann", "bob", EVIL):
        shop.does(user, "view", 9, item="boots", churn_state=2, churn_score=0.5)
        shop.profile(user, spent=1234.5)
    shop.does("ann", "cart_add", 10)
    shop.does("ann", "purchase", 11, amount=30.0, fraud_state=2, fraud_score=0.25)
    shop.moves("loyal", "ann", "enter", 3)
    shop.looks()
    shop.alert("first")
    shop.alert("second", EVIL, kind="churn", amount=0.0)
    shop.alert("third", EVIL)
    shop.alert("fourth")
    shop.alert("covered", by="fourth")
    for number in range(3):
        shop.review("boots", 60 + number, 0.8)
        shop.review("boots", 3 + number, -0.6)
    shop.insert(
        "model_metrics", kind=["fraud"] * 2, model=["fraud"] * 2, day=[date(2024, 10, 2), date(2024, 10, 3)],
        version=["fraud-1", "fraud-2"], n=[50, 60], positives=[2, 3], roc_auc=[0.8, 0.912], brier=[0.1, 0.05],
    )  # fmt: skip
    shop.insert("models", name=["fraud"], version=["fraud-2"], created_ms=[NOW_MS], examples=[110], positives=[5])
    shop.insert("dead_letters", topic=["clicks"] * 2, offset=[1, 2], reason=[f"ts: {EVIL}"] * 2, record_ts=[NOW_MS] * 2)


def on_labels(settings: Settings, target: str) -> list[tuple[str, str, str]]:
    """What was said of an alert: type, verdict, shopper. Read on another thread: the browser has this one's loop."""
    with ThreadPoolExecutor(1) as thread:
        said = [json.loads(value) for _, value in thread.submit(messages, settings, LABELS).result()]
    return [(one["type"], one["verdict"], one["user_id"]) for one in said if one["target"] == target]


def test_each_panel_shows_what_the_tables_hold(look: Opens) -> None:
    seen = look()
    page = seen.open(panels=PANELS)
    assert page.locator("#event-time").inner_text() == "2024-10-04 20:30 UTC"
    assert page.locator("#connection").inner_text() == "live"
    funnel = seen.panel("funnel")
    assert funnel.locator("[data-step] .number").all_inner_texts() == ["3", "1", "1"]
    assert "Friday, 2024-10-04" in funnel.inner_text()
    assert "Of 3 shoppers who viewed an item, 1 (33 %) then filled a cart, and 1 (33 %) then bought." in (
        funnel.inner_text()
    )
    segments = {name: cells for name, *cells in seen.rows("segments")}
    assert len(segments) == 9
    assert segments["Loyal shoppers"] == ["crm", "1", "", "", "0"]
    assert segments["Hot leads"] == ["sales", "0", "", "", "0"]
    assert seen.rows("sentiment") == [["boots", "+0.80", f"{MINUS}0.60", "", "3 + 3"]]
    assert seen.rows("models") == [
        ["fraud", "champion", "fraud-2", "110", "2024-10-03", "60", "0.912", "0.000", "0.050"],
        ["fraud-linear", "idle", "none yet", *[NONE] * 6],
    ]
    page.get_by_label("Kind", exact=True).select_option("churn")
    assert [row[0] for row in seen.rows("models")] == ["churn", "churn-linear"]
    assert seen.rows("dead-letters") == [["clicks", f"ts: {EVIL}", "2", "2024-10-04 20:30"]]
    first = page.locator("[data-alert=first]").inner_text()
    for part in ("fraud", "0.970", "ann", "120.50", "2024-10-04 20:30", "open", "a shopper for 100 days"):
        assert part in first
    assert page.locator("[data-alert]").count() == 4
    assert page.title() == "Footfall console"


def test_throughput_and_lag_as_they_come(here: Here, look: Opens) -> None:
    settings, shop = here
    seen = look()
    page = seen.open(panels=PANELS)
    assert "no worker runs, or nothing comes" in seen.panel("throughput").inner_text()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(Log(settings).produce, CLICKS, 7, 1).result()
    lag = seen.panel("lag").locator("tr", has_text="clicks")
    lag.get_by_text("7", exact=True).wait_for()
    assert lag.locator("[role=img]").get_attribute("aria-label") == "partition 0: 0, partition 1: 7"
    shop.works(CLICKS, records=3_000)
    seen.panel("throughput").locator(".figure", has_text="clicks").get_by_text("100/s").wait_for()
    assert seen.rows("lag", 1)[0][:2] == ["w1", "1"]
    assert page.locator("[data-panel=throughput] canvas").count() == 1


def test_an_ack_reaches_the_topic(here: Here, look: Opens) -> None:
    page = look().open(panels=PANELS)
    page.locator("[data-alert=first]").get_by_role("button", name="Fraud").click()
    page.locator("[data-alert=first]").wait_for(state="detached")
    assert page.locator("#said").inner_text() == "The alert about ann is acknowledged: a fraud."
    assert on_labels(here[0], "first") == [("alert_ack", "fraud", "ann")]
    page.get_by_label("State of alert").select_option("acknowledged")
    page.locator("[data-alert=first][data-state=acknowledged]").wait_for()
    assert "acknowledged: fraud by console" in page.locator("[data-alert=first]").inner_text()
    assert page.locator("[data-alert=first] [aria-pressed=true]").inner_text() == "Fraud"


def test_an_ack_by_the_keyboard_alone(here: Here, look: Opens) -> None:
    page = look().open(panels=PANELS)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.key") == "second ignore":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.locator("[data-alert=second]").wait_for(state="detached")
    assert page.evaluate("document.activeElement.closest('[data-panel]').dataset.panel") == "alerts"
    assert on_labels(here[0], "second") == [("alert_ack", "ignore", EVIL)]


def test_a_shoppers_page(site: Site, look: Opens) -> None:
    seen = look()
    page = seen.open(panels=PANELS)
    page.get_by_label("Shopper's id").fill("ann")
    page.keyboard.press("Enter")
    page.locator("[data-panel=shopper][data-ready]").wait_for()
    assert "1,234.50" in seen.panel("shopper").inner_text()
    assert [row[1] for row in seen.rows("events")] == ["purchase", "cart add", "view"]
    assert seen.rows("belongs") == [["Loyal shoppers", "2024-10-01 20:30", "why ann", ""]]
    assert seen.panel("shopper-alerts").locator("[data-alert]").count() == 3
    assert "last 0.25" in seen.panel("scores").inner_text()
    assert page.locator("[data-panel=scores] canvas").count() == 2
    page.get_by_role("link", name="Overview").click()
    page.locator("[data-alert=third] a").click()
    page.locator("[data-panel=shopper][data-ready]").wait_for()
    assert seen.panel("shopper").locator("h2").inner_text() == EVIL
    assert [row[1] for row in seen.rows("events")] == ["view"]
    assert page.title() == f"{EVIL} · Footfall console"
    page.goto(f"{site.url}/#/shopper/nobody")
    seen.panel("shopper").get_by_text("no event of this id has come").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_at_a_phones_width_nothing_is_in_the_way(look: Opens, scheme: Any) -> None:
    seen = look(viewport=PHONE, color_scheme=scheme, has_touch=True, is_mobile=True)
    for path, panels in (("/", PANELS), ("/?#/shopper/ann", 1)):
        page = seen.open(path, panels=panels)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert page.evaluate(GROUND) == (DARK if scheme == "dark" else LIGHT)
        assert page.evaluate(BARRIERS) == []


def test_the_viewer_may_choose_the_scheme(look: Opens) -> None:
    page = look(color_scheme="dark").open(panels=PANELS)
    assert page.evaluate(GROUND) == DARK
    page.get_by_role("button", name="Colours: as the system's").click()
    assert page.evaluate(GROUND) == LIGHT
    page.reload()
    assert page.evaluate(GROUND) == LIGHT
    page.get_by_role("button", name="Colours: light").click()
    page.get_by_role("button", name="Colours: dark").click()
    assert page.evaluate(GROUND) == DARK


def test_a_panel_that_fails_says_so_and_takes_none_along(here: Here, look: Opens) -> None:
    reader = Reader(here[0])
    reader.query("RENAME TABLE segment_rounds TO elsewhere")
    seen = look()
    try:
        seen.open(panels=PANELS)
        seen.panel("segments").locator("[role=status]").get_by_text("ClickHouse at ").wait_for()
    finally:
        reader.query("RENAME TABLE elsewhere TO segment_rounds")
        reader.close()
    assert seen.panel("funnel").locator("[data-step]").count() == 3
    assert seen.panel("alerts").locator("[data-alert]").count() > 0
    assert {trouble.split()[0] for trouble in seen.troubles} == {"503", "Failed"}
    seen.troubles.clear()


def test_signing_in(open_console: Open, here: Here, look: Opens) -> None:
    site = open_console(replace(here[0], console_token=Secret("open sesame, or else")))
    seen = look(site.url)
    page = seen.page
    page.goto(site.url)
    assert page.evaluate(BARRIERS) == []
    page.get_by_label("Token").fill("open barley")
    page.keyboard.press("Enter")
    page.get_by_role("alert").get_by_text("That isn't the token.").wait_for()
    page.get_by_label("Token").fill("open sesame, or else")
    page.get_by_role("button", name="Sign in").click()
    seen.panel("funnel").get_by_text("filled a cart").first.wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Token").wait_for()
    page.goto(site.url)
    assert page.url == f"{site.url}/login"
