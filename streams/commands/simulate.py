"""``footfall simulate``: a shop that isn't there, with its truth."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import time

import click

from streams.commands import with_settings
from streams.commands.replay import MAX, Sending, Speed, summary
from streams.errors import Invalid
from streams.settings import Settings

_SHARE = click.FloatRange(0, 1)


@click.command("simulate")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The same, the same events.")
@click.option(
    "--shoppers", type=click.IntRange(min=1), default=20_000, show_default=True, help="That there are at a time."
)
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default="2025-01-01", show_default=True, help="In UTC.")
@click.option("--days", type=click.IntRange(min=1), help="Of the shop's time. [default: until the present]")
@click.option("--events", type=click.IntRange(min=1), help="Send that many at most.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Events a second.")
@click.option("--speed", type=Speed(), default=MAX, show_default=True, help="max, or seconds of event time a second.")
@click.option("--fraud", type=_SHARE, default=0.01, show_default=True, help="About the share of purchases.")
@click.option("--late", type=_SHARE, default=0.02, show_default=True, help="Share of events that come hours late.")
@click.option("--duplicates", type=_SHARE, default=0.01, show_default=True, help="Share that is sent twice.")
@click.option(
    "--broken", type=_SHARE, default=0.001, show_default=True, help="Records that are no events, for each that is."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON lines here; no Kafka.")
@click.option(
    "--truth", type=click.Path(dir_okay=False, path_type=Path), help="Write what is behind it: .jsonl or .parquet."
)
@click.option(
    "--checkpoint",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Begin where the simulation that wrote this file stopped, and keep it up to date.",
)
@with_settings
def command(
    settings: Settings,
    seed: int,
    shoppers: int,
    start: datetime,
    days: int | None,
    events: int | None,
    rate: float | None,
    speed: float,
    fraud: float,
    late: float,
    duplicates: float,
    broken: float,
    out: Path | None,
    truth: Path | None,
    file: Path | None,
) -> None:
    """Send the events of a simulated shop to Kafka, or write them to a file.

    The shop has sessions, tastes, seasons, returns, reviews and rings of fraudsters; some events come late, twice or
    broken. It ends at the present: an event of the future would be a wrong clock.
    """
    from streams.replay.checkpoint import Checkpoint
    from streams.replay.pace import SteadyPace
    from streams.simulate.file import written
    from streams.simulate.shop import DAY_MS, Shop
    from streams.simulate.simulation import Simulation
    from streams.simulate.truth import Truth
    from streams.simulate.truth_file import TruthFile

    if out and (rate or speed != float("inf") or file):
        raise Invalid("--out writes as fast as it goes, from the first event: no --rate, --speed or --checkpoint")
    if out and not (events or days):
        raise Invalid("--out needs --events or --days: a file has an end")
    if rate and speed != float("inf"):
        raise Invalid("--rate and --speed exclude each other")
    start_ms = int(start.replace(tzinfo=UTC).timestamp() * 1000)
    shop = Shop(
        seed=seed, shoppers=shoppers, start_ms=start_ms, fraud=fraud, late=late, duplicates=duplicates, broken=broken
    )
    ends = [start_ms + days * DAY_MS] if days else []
    ends += [] if out else [int(time() * 1000)]
    simulation = Simulation(shop)
    with ExitStack() as closing:
        write = closing.enter_context(TruthFile(truth)).write if truth else lambda what, columns: None
        known = Truth(simulation, write)
        closing.callback(known.end)
        chunks = known.chunks(simulation.pieces(events=events, end_ms=min(ends, default=None)))
        if out:
            report = written(chunks, out, known.reached)
        else:
            checkpoint = Checkpoint(source="simulation", path=repr(shop))
            sending = Sending(checkpoint=checkpoint.found_in(file) if file else checkpoint, file=file, total=events)
            pace = SteadyPace(rate) if rate else None
            report = sending.send(chunks, settings, speed=speed, pace=pace, progress=known.reached)
    sent = known.sent.values()
    click.echo(summary(report))
    click.echo(
        f"among them {sum(one.duplicates for one in sent):,} sent again, {sum(one.broken for one in sent):,} broken"
    )
