"""A headless Chromium: the one of this machine, none is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from streams.errors import Fatal

ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # or it doesn't start for root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def installed() -> str | None:
    """The program's path; None where there is none."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Raises ``Fatal`` where there is none. While it is open, nothing else of this thread may run an event loop."""
    found = installed()
    if found is None:
        raise Fatal("There is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()
