"""``footfall replay``: a data set as events on the topics."""

from __future__ import annotations

from dataclasses import replace as replaced
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.commands import with_settings
from streams.errors import FootfallError, Invalid
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.replay.checkpoint import Checkpoint
    from streams.replay.run import ReplayReport
    from streams.replay.source import Source

MAX = "max"


class Speed(click.ParamType):
    name = "speed"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            speed = float("inf") if value == MAX else float(str(value))
        except ValueError:
            speed = 0.0
        if not speed > 0:
            self.fail(f"{value!r} is neither {MAX} nor a number above 0", param, ctx)
        return speed


def _list(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from streams.replay.sources import SOURCES

        for source in SOURCES.values():
            ships = " (ships with footfall)" if source.shipped else ""
            click.echo(f"{source.name}{ships}\n    {source.description}\n    {source.citation}")
        ctx.exit()


@click.command("replay")
@click.argument("source")
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="List the sources.")
@click.option("--path", type=click.Path(path_type=Path), help="The data set's file. [default: the one that ships]")
@click.option(
    "--speed",
    type=Speed(),
    default=MAX,
    show_default=True,
    help="max, or seconds of event time a second: 1 is real time, 3600 an hour a second.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Send that many events at most.")
@click.option("--from", "start", type=click.IntRange(min=0), help="Begin with that event, the first being 0.")
@click.option(
    "--checkpoint",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Begin where the replay that wrote this file stopped, and keep it up to date.",
)
@click.option("--raw", is_flag=True, help="Of jsonl: send lines as they are, broken ones as well.")
@click.option("--topic", default="clicks", show_default=True, help="With --raw: for lines whose type can't be told.")
@with_settings
def command(
    settings: Settings,
    source: str,
    path: Path | None,
    speed: float,
    limit: int | None,
    start: int | None,
    file: Path | None,
    raw: bool,
    topic: str,
) -> None:
    """Send the data set SOURCE to Kafka as events, in the order in which they happened.

    Topics that are missing are created. Events have the same ids every time: one that is sent again changes nothing.
    Interrupted by Ctrl-C, it says where to go on.
    """
    from streams.replay.checkpoint import Checkpoint

    if file and start is not None:
        raise Invalid("--from and --checkpoint exclude each other: both say where to begin")
    data = _source(source, raw, topic)
    checkpoint = Checkpoint(source=source, path=str(path or ""), position=start or 0)
    if file:
        checkpoint = checkpoint.found_in(file)
    report = _replay(data, path, settings, speed, limit, checkpoint, file)
    topics = ", ".join(f"{name} {n:,}" for name, n in report.by_topic.items())
    click.echo(
        f"{report.events:,} events in {report.seconds:.1f} s, {report.rate:,.0f} a second: {topics or 'nothing'}"
    )


def _source(name: str, raw: bool, topic: str) -> Source:
    from functools import partial

    from schemas.topics import INPUTS
    from streams.replay.sources import SOURCES
    from streams.replay.sources.jsonl import read_raw

    if name not in SOURCES:
        raise Invalid(f"{name} is not a source; the sources are {', '.join(SOURCES)}")
    if not raw:
        return SOURCES[name]
    if name != "jsonl" or topic not in INPUTS:
        raise Invalid(f"--raw goes with jsonl, and with a --topic of {', '.join(INPUTS)}")
    return replaced(SOURCES[name], read=partial(read_raw, topic=topic))


def _replay(
    source: Source,
    path: Path | None,
    settings: Settings,
    speed: float,
    limit: int | None,
    checkpoint: Checkpoint,
    file: Path | None,
) -> ReplayReport:
    import uvloop

    from streams.replay.progress import shown
    from streams.replay.run import replay
    from streams.transport.topics import ensure_topics

    start = position = checkpoint.position
    events, total = source.events(path), source.total(path)
    if limit is not None:
        total = min(start + limit, total) if total is not None else start + limit

    def progressed(to: int) -> None:
        nonlocal position
        draw(to)
        if file and to != position:
            replaced(checkpoint, position=to).save(file)
        position = to

    with shown(source.name, start, total) as draw:
        try:
            uvloop.run(ensure_topics(settings))
            return uvloop.run(replay(events, settings, speed=speed, start=start, limit=limit, progress=progressed))
        except (KeyboardInterrupt, FootfallError):
            if position > start:
                again = f"--checkpoint {file}" if file else f"--from {position}"
                click.echo(f"footfall: stopped at event {position}; go on with {again}", err=True)
            raise
