"""A page in a headless Chromium, and what went wrong in it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Page

PHONE = {"width": 375, "height": 720}
DESK = {"width": 1280, "height": 900}


class Look:
    """A page, and whatever it complained about.

    Attributes
    ----------
    troubles
        Errors and warnings of the console, exceptions, requests that failed or were answered with an error, and those
        to another host.
    """

    def __init__(self, browser: Browser, url: str, **context: Any) -> None:
        self.troubles: list[str] = []
        self._url = url
        self._context = browser.new_context(**{"viewport": DESK, **context})
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def close(self) -> None:
        self._context.close()

    def open(self, path: str = "/", *, panels: int) -> Page:
        """With so many panels, once each has shown what it has."""
        self.page.goto(self._url + path)
        self.page.wait_for_function("n => document.querySelectorAll('[data-ready]').length === n", arg=panels)
        return self.page

    def panel(self, name: str) -> Any:
        return self.page.locator(f"[data-panel={name}]")

    def rows(self, name: str, table: int = 0) -> list[list[str]]:
        """The text of a table's cells, row by row."""
        found: list[list[str]] = (
            self.panel(name)
            .locator("table")
            .nth(table)
            .locator("tbody tr")
            .evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))")
        )
        return found

    def _said(self, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.troubles.append(said.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(self._url):
            self.troubles.append(request.url)

    def _failed(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page itself gave it up
            self.troubles.append(f"{request.url}: {request.failure}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.troubles.append(f"{response.status} {response.url}")
