"""``footfall replay``: a data set as events on the topics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace as replaced
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.commands import with_settings
from streams.errors import FootfallError, Invalid
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.replay.checkpoint import Checkpoint
    from streams.replay.chunk import Chunk
    from streams.replay.pace import Pacing
    from streams.replay.run import Progressed, ReplayReport
    from streams.replay.source import Source

MAX = "max"


class Speed(click.ParamType):
    """``max``, or seconds of event time a second."""

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
    total = data.total(path)
    if limit is not None:
        end = checkpoint.position + limit
        total = min(end, total) if total is not None else end
    sending = Sending(checkpoint=checkpoint, file=file, total=total, begin_option="--from")
    click.echo(summary(sending.send(data.events(path), settings, speed=speed, limit=limit)))


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


def summary(report: ReplayReport) -> str:
    topics = ", ".join(f"{name} {n:,}" for name, n in report.by_topic.items())
    return f"{report.events:,} events in {report.seconds:.1f} s, {report.rate:,.0f} a second: {topics or 'nothing'}"


@dataclass(frozen=True, kw_only=True)
class Sending:
    """A replay at the terminal, with a bar, from the checkpoint's position to ``total``, None where that isn't known.

    The checkpoint is kept in ``file``, if there is one. What stops the replay is raised, once it is told where to go
    on: with the file, or with the option that takes a position, if there is such.
    """

    checkpoint: Checkpoint
    file: Path | None = None
    total: int | None = None
    begin_option: str = ""

    def send(
        self,
        events: Iterator[Chunk],
        settings: Settings,
        *,
        speed: float,
        pace: Pacing | None = None,
        limit: int | None = None,
        progress: Progressed = lambda position: None,
    ) -> ReplayReport:
        """Makes the topics that are missing; the parameters are those of ``replay``."""
        import uvloop

        from streams.replay.progress import shown
        from streams.replay.run import replay
        from streams.transport.topics import ensure_topics

        start = position = self.checkpoint.position

        def progressed(to: int) -> None:
            nonlocal position
            draw(to)
            progress(to)
            if self.file and to != position:
                replaced(self.checkpoint, position=to).save(self.file)
            position = to

        with shown(self.checkpoint.source, start, self.total) as draw:
            try:
                uvloop.run(ensure_topics(settings))
                return uvloop.run(
                    replay(events, settings, speed=speed, pace=pace, start=start, limit=limit, progress=progressed)
                )
            except (KeyboardInterrupt, FootfallError):
                if position > start:
                    again = f"--checkpoint {self.file}" if self.file else f"{self.begin_option} {position}"
                    hint = f"; go on with {again}" if self.file or self.begin_option else ""
                    click.echo(f"footfall: stopped at event {position}{hint}", err=True)
                raise
