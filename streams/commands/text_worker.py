"""``footfall text-worker``: read reviews with the text model, until it is told to stop."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

import click

from streams.commands import with_settings
from streams.settings import Settings

POLL_S = 6 * 3600.0
"""A megabyte of reviews from each of some partitions, compressed, may keep a slow model busy for an hour."""


@click.command()
@click.option("--name", help="Name in the ledger; by default the host's and the process number.")
@click.option("--report", type=click.Path(path_type=Path), help="Write what the engine did here as JSON, at the end.")
@with_settings
def command(settings: Settings, name: str | None, report: Path | None) -> None:
    """Run one text worker, with the HTTP server that scores texts. Start as many as there is work for, up to one a
    partition."""
    os.environ.setdefault("CLICKHOUSE_DRIVER_LASY_DATE_LUT", "lazily")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from streams.http.address import http_address
    from streams.transport.logs import configure_logging, process_name

    worker = name or process_name()
    configure_logging(settings, worker=worker)
    address = http_address(settings)  # before anything that takes long
    import orjson

    from schemas.topics import REVIEWS, REVIEWS_SCORED
    from streams.http.serving import serving
    from streams.text.metrics import Metrics
    from streams.text.model import open_engine
    from streams.text.pipeline import TextPipeline
    from streams.text.server import Server
    from streams.transport.app import create_app
    from streams.transport.worker import run_worker

    in_group = replace(
        settings, group=settings.text_group, batch_records=min(settings.batch_records, settings.text_window)
    )
    engine = open_engine(settings)
    metrics = Metrics(engine)
    pipeline = TextPipeline(in_group, worker=worker, engine=engine, metrics=metrics)
    app = create_app(in_group, topics=(REVIEWS,), beside=(REVIEWS_SCORED,), handler=pipeline, poll_s=POLL_S)
    pipeline.fail = app.crash
    with serving(Server(engine, pipeline, metrics, token=settings.http_token).app, address):
        status = run_worker(app)
    if report is not None:
        report.write_bytes(orjson.dumps(asdict(engine.figures)))
    # All is written and closed; the engine may be in the middle of texts that nobody waits for.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
