"""``footfall console``: the page for people who look rather than query, until it is told to stop."""

from __future__ import annotations

import os
import signal
import threading

import click

from streams.commands import with_settings
from streams.settings import Settings


@click.command("console")
@with_settings
def command(settings: Settings) -> None:
    """Serve the console: throughput and lag, today's funnel, segments, alerts, shoppers, models, dead letters."""
    os.environ.setdefault("CLICKHOUSE_DRIVER_LASY_DATE_LUT", "lazily")
    from streams.console.address import CONSOLE, console_address
    from streams.console.server import Console
    from streams.http.serving import serving

    address = console_address(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with serving(Console(settings).app, address, setting=CONSOLE):
        stop.wait()
