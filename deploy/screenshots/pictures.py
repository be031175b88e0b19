"""The console in a headless Chromium: on a desk by light and by dark, a shopper's page, and on a phone."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page

from deploy.screenshots.browser import chromium

COLOURS = 192
"""Of a picture's palette: a third of the size, and nobody sees it."""
PANELS = 8
SETTLES_MS = 3_000
"""Until reviews are read and charts are drawn."""


class View(NamedTuple):
    name: str
    scheme: Any
    width: int
    height: int
    is_whole: bool = True
    """The whole page, or what is seen first."""
    is_shopper: bool = False


VIEWS = (
    View("desktop-light", "light", 1440, 900),
    View("desktop-dark", "dark", 1440, 900),
    View("shopper", "light", 1440, 900, is_shopper=True),
    View("phone", "light", 390, 1500, is_whole=False),
)


def take(url: str, to: Path) -> list[Path]:
    """Of each of the views a file in ``to``."""
    with chromium() as browser:
        return [_taken(browser, url, view, to / f"console-{view.name}.png") for view in VIEWS]


def _taken(browser: Browser, url: str, view: View, to: Path) -> Path:
    size: Any = {"width": view.width, "height": view.height}
    context = browser.new_context(viewport=size, color_scheme=view.scheme)
    page = context.new_page()
    page.goto(url)
    _settle(page, PANELS)
    page.get_by_label("Kind", exact=True).select_option("churn")
    if view.is_shopper:
        page.get_by_label("Kind of alert").select_option("fraud")
        page.locator("[data-panel=alerts] .chip.fraud").first.wait_for()
        page.locator("[data-panel=alerts] a").first.click()
        _settle(page, 1)
    picture = Image.open(BytesIO(page.screenshot(full_page=view.is_whole))).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(to, optimize=True)
    context.close()
    return to


def _settle(page: Page, panels: int) -> None:
    page.wait_for_function("n => document.querySelectorAll('[data-ready]').length === n", arg=panels)
    page.wait_for_timeout(SETTLES_MS)
