"""``footfall worker``: consume, profile, score, write, until it is told to stop."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import click

from streams.commands import with_settings
from streams.settings import Settings

_GC_THRESHOLDS = (50_000, 20, 50)
"""A run makes tens of thousands of objects that live as long as it does; none of them is part of a cycle."""


@click.command()
@click.option("--name", help="Name in the ledger; by default the host's and the process number.")
@click.option("--report", type=click.Path(path_type=Path), help="Write CPU time by stage here as JSON, at the end.")
@with_settings
def command(settings: Settings, name: str | None, report: Path | None) -> None:
    """Run one scoring worker. Start as many as there is work for, up to one a partition."""
    from streams.http.address import http_address
    from streams.transport.logs import configure_logging, process_name

    worker = name or process_name()
    configure_logging(settings, worker=worker)
    address = http_address(settings)  # before anything that takes long
    # What is imported is never garbage: not collecting meanwhile saves a tenth of the start, and freezing it afterwards
    # keeps the collector from walking it again and again.
    gc.disable()
    # Any word keeps ClickHouse's driver from making all dates of four centuries when it is imported: 0.1 s.
    os.environ.setdefault("CLICKHOUSE_DRIVER_LASY_DATE_LUT", "lazily")
    import orjson

    from schemas.topics import INPUTS
    from streams.http.serving import serving
    from streams.transport.app import create_app
    from streams.transport.worker import run_worker
    from streams.worker import machine_code
    from streams.worker.pipeline import Pipeline
    from streams.worker.server import server

    machine_code.load()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.enable()
    pipeline = Pipeline(settings, worker=worker)
    app = create_app(settings, topics=INPUTS, handler=pipeline)
    pipeline.fail = app.crash
    with serving(server(pipeline, app, settings), address):
        status = run_worker(app)
    if report is not None:
        report.write_bytes(orjson.dumps(pipeline.costs.report()))
    # All is written and closed; taking a heap of this size apart object by object would take half a second.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
