"""``footfall alerts``: follow alerts, list them, and say what was behind them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from streams.commands import with_settings
from streams.commands.who import user_here
from streams.settings import Settings
from streams.show import print_json, print_rows, shown_time

if TYPE_CHECKING:
    from schemas.alerts import Kind
    from streams.clickhouse.reader import Reader
    from streams.desk.acknowledge import Acknowledged, Verdict
    from streams.desk.tail import Followed

_STATES = ("open", "snoozed", "acknowledged", "expired", "suppressed", "any")
_KINDS = ("fraud", "churn")
_FOLLOWED = ("fraud", "churn", "system")
_VERDICTS = ("fraud", "ok", "ignore")
_HOUR_MS = 3_600_000
_LONGEST_SNOOZE_H = 8_760

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
ids_argument = click.argument("ids", nargs=-1, required=True, metavar="ID...")
by_option = click.option("--by", default=user_here, show_default="you", help="Who says so.")


@click.group("alerts", help="Follow alerts, list them, and say what was behind them.")
def command() -> None:
    pass


@command.command()
@click.option("--kind", "kinds", multiple=True, type=click.Choice(_FOLLOWED), help="Only these; system is of Footfall.")
@click.option("--from-start", is_flag=True, help="First those that are on the topics already.")
@json_option
@with_settings
def tail(settings: Settings, kinds: tuple[Followed, ...], from_start: bool, as_json: bool) -> None:
    """Print alerts as they come, each once, until Ctrl-C."""
    import asyncio

    from streams.desk.show import line
    from streams.desk.tail import FOLLOWED, tail

    followed = kinds or FOLLOWED

    def ready() -> None:
        click.echo(f"Following alerts of kind {', '.join(followed)}; Ctrl-C ends it.", err=True)

    async def follow() -> None:
        async for alert in tail(settings, followed, from_start=from_start, ready=ready):
            click.echo(alert.to_json() if as_json else line(alert))

    try:
        asyncio.run(follow())
    except BrokenPipeError:  # by `head` and the like
        sys.stdout = None


@command.command("list")
@click.option("--state", type=click.Choice(_STATES), default="open", show_default=True)
@click.option("--kind", type=click.Choice(_KINDS), help="Only those of one kind.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="Only those raised since, by the clock, UTC.",
)
@click.option("--user", help="Only those about one shopper.")
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.0, help="Only those that score so high.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Lines to print, at most.")
@json_option
@with_settings
def list_alerts(
    settings: Settings,
    state: Any,
    kind: Kind | None,
    since: datetime | None,
    user: str | None,
    min_score: float,
    limit: int,
    as_json: bool,
) -> None:
    """Alerts with how they stand, those raised last first."""
    from streams.desk.listing import Selection, listed
    from streams.desk.show import row

    selection = Selection(
        states=() if state == "any" else (state,),
        kind=kind,
        since_ms=None if since is None else round(since.replace(tzinfo=UTC).timestamp() * 1000),
        user=user,
        min_score=min_score,
    )
    with _reading(settings) as reader:
        found = listed(reader, settings, selection, now_ms=_now_ms(), limit=limit)
    if not found and not as_json:
        click.echo("No such alerts.")
    print_rows([one.to_dict() if as_json else row(one) for one in found], as_json, whole=True)


@command.command()
@ids_argument
@click.option("--verdict", type=click.Choice(_VERDICTS), required=True, help="Models learn from fraud and ok.")
@by_option
@json_option
@with_settings
def ack(settings: Settings, ids: tuple[str, ...], verdict: Verdict, by: str, as_json: bool) -> None:
    """Say what was behind alerts: ok and fraud become labels that models learn, ignore only closes.

    An ID of - stands for ids on standard input, one a line. If one of them isn't there, nothing is said of any.
    """
    import asyncio
    from dataclasses import asdict

    from streams.desk.acknowledge import Acknowledging
    from streams.desk.show import became

    async def acknowledge() -> list[Acknowledged]:
        async with Acknowledging(settings) as desk:
            return await desk.acknowledge(_read(ids), verdict, said_by=by)

    for one in asyncio.run(acknowledge()):
        if as_json:
            print_json(asdict(one))
        else:
            click.echo(f"{one.alert_id} {became(one)}")


@command.command()
@ids_argument
@click.option(
    "--hours",
    type=click.FloatRange(0, _LONGEST_SNOOZE_H),
    required=True,
    help="For how long, from now on; 0 wakes those that were put off.",
)
@by_option
@with_settings
def snooze(settings: Settings, ids: tuple[str, ...], hours: float, by: str) -> None:
    """Put alerts off: they wait again once the time has passed.

    An ID of - stands for ids on standard input, one a line. If one of them isn't there, none is put off.
    """
    from streams.clickhouse.writer import Writer
    from streams.desk.snooze import snooze

    now_ms = _now_ms()
    until_ms = now_ms + round(hours * _HOUR_MS)
    writer = Writer(settings)
    try:
        with _reading(settings) as reader:
            found = snooze(reader, writer, settings, _read(ids), until_ms=until_ms, said_by=by, now_ms=now_ms)
    finally:
        writer.close()
    for one in found:
        waits = one.standing.state in ("open", "snoozed")
        done = f"waits again from {shown_time(until_ms)} on" if waits else f"stays {one.standing.state}"
        click.echo(f"{one.alert.alert_id} {done}")


@command.command()
@click.option("--days", type=click.IntRange(1), default=14, show_default=True, help="Today included.")
@json_option
@with_settings
def stats(settings: Settings, days: int, as_json: bool) -> None:
    """How many were raised by day (UTC), how fast they were acknowledged, and how many were right."""
    from streams.desk.show import figures
    from streams.desk.stats import stats

    with _reading(settings) as reader:
        found = stats(reader, settings, days=days, now_ms=_now_ms())
    if not found and not as_json:
        click.echo("No alerts.")
    print_rows([one.to_dict() if as_json else figures(one) for one in found], as_json, whole=True)


@contextmanager
def _reading(settings: Settings) -> Iterator[Reader]:
    from streams.clickhouse.reader import Reader

    reader = Reader(settings)
    try:
        yield reader
    finally:
        reader.close()


def _read(ids: Sequence[str]) -> list[str]:
    """With - replaced by what standard input holds."""
    found = []
    for one in ids:
        found += [line.strip() for line in click.get_text_stream("stdin") if line.strip()] if one == "-" else [one]
    return found


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
