"""``footfall segments``: who is in which segment, who came and went, and whether treating them pays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.commands import with_settings
from streams.settings import Settings
from streams.show import print_json, print_rows, shown_time

if TYPE_CHECKING:
    from models.uplift import Uplift
    from schemas.segments.definition import Segment
    from streams.clickhouse.reader import Reader
    from streams.segments.verified import Verified

_SHOWN = 10
_DIFFERENCES_SHOWN = 1_000
_METRICS = ("orders", "revenue", "conversion")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


@click.group("segments", help="See who is in which segment, export and compare them.")
def command() -> None:
    pass


@command.command("list")
@json_option
@with_settings
def list_segments(settings: Settings, as_json: bool) -> None:
    """All segments, with their members as of the leader's last round."""
    from streams.segments.count import Members, members

    with _opened(settings, ()) as (reader, segments):
        found = members(reader)
    rows = [
        {"name": one.name, "title": one.title, "owner": one.owner, **found.get(one.name, Members(0, 0))._asdict()}
        for one in segments
    ]
    print_rows(rows, as_json)


@command.command()
@click.argument("name")
@json_option
@with_settings
def show(settings: Settings, name: str, as_json: bool) -> None:
    """What a segment is, how many are in it now, and the strongest of them with the reasons."""
    from dataclasses import asdict

    from streams.segments.count import count
    from streams.segments.members import strongest

    with _opened(settings, [name]) as (reader, (segment,)):
        n = count(reader, [segment])[name]
        rows = [
            {"user_id": user, "reason": reason, "score": score, "held_out": bool(held_out)}
            for user, reason, score, held_out in strongest(reader, segment, _SHOWN)
        ]
    if as_json:
        print_json({**asdict(segment), "members_now": n, "strongest": rows})
        return
    for line in (
        f"{segment.title} ({segment.name}), {segment.owner}: {segment.description}",
        f"enters: {segment.enters}",
        f"stays:  {segment.stays}",
        f"{n:,} shoppers now.",
    ):
        click.echo(line)
    if rows:
        click.echo()
        print_rows(rows, as_json)


@command.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
@with_settings
def count(settings: Settings, names: tuple[str, ...], as_json: bool) -> None:
    """How many are in each segment now, live: all segments by one scan of the shoppers."""
    from streams.segments.count import count

    with _opened(settings, names) as (reader, segments):
        found = count(reader, segments)
    print_rows([{"name": name, "shoppers": n} for name, n in found.items()], as_json)


@command.command()
@click.argument("name")
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file; .csv, .parquet or .jsonl says in which format.",
)
@click.option("--treated-only", is_flag=True, help="Leave out those who are held out.")
@with_settings
def export(settings: Settings, name: str, to: Path, treated_only: bool) -> None:
    """Write who is in a segment now, with the reasons, to a file."""
    from streams.segments.members import export

    with _opened(settings, [name]) as (reader, (segment,)):
        n = export(reader, segment, to, treated_only=treated_only)
    click.echo(f"{n:,} shoppers written to {to}.")


@command.command()
@click.argument("name")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    required=True,
    help="Event time, UTC.",
)
@json_option
@with_settings
def diff(settings: Settings, name: str, since: datetime, as_json: bool) -> None:
    """Who is in a segment and wasn't then, and who was and isn't any more; as of the leader's last round."""
    from streams.segments.diff import differences

    with _opened(settings, [name]) as (reader, (segment,)):
        found = differences(reader, segment, round(since.replace(tzinfo=UTC).timestamp() * 1000))
    rows = [
        {"change": one.change, "user_id": one.user_id, "reason": one.reason, "at": shown_time(one.at_ms)}
        | {"held_out": bool(one.held_out)}
        for one in found
    ]
    if not as_json:
        entered = sum(one.change == "entered" for one in found)
        click.echo(f"{entered:,} entered, {len(found) - entered:,} left.")
    print_rows(rows if as_json else rows[:_DIFFERENCES_SHOWN], as_json)
    if not as_json and len(rows) > _DIFFERENCES_SHOWN:
        click.echo(f"These are the first {_DIFFERENCES_SHOWN:,}; --json prints them all.")


@command.command()
@click.argument("name")
@click.option("--metric", type=click.Choice(_METRICS), default="orders", show_default=True)
@click.option(
    "--days", type=click.FloatRange(0, min_open=True), default=14.0, show_default=True, help="After entering."
)
@json_option
@with_settings
def uplift(settings: Settings, name: str, metric: Any, days: float, as_json: bool) -> None:
    """Whether those who were treated buy more after entering than those held out, or chance explains it."""
    from dataclasses import asdict

    from streams.segments.uplift import uplift

    with _opened(settings, [name]) as (reader, (segment,)):
        found = uplift(reader, segment, metric, days=days)
    if as_json:
        arms = {"treated": found.treated._asdict(), "held_out": found.held_out._asdict()}
        print_json({"segment": name, "metric": metric, "days": days, **asdict(found), **arms})
    else:
        _say_uplift(found, metric, days)


@command.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
@with_settings
def verify(settings: Settings, names: tuple[str, ...], as_json: bool) -> None:
    """Hold the members as of the leader's last round against the raw events, and against the changes that were told.

    Workers may be running: whoever has acted since is left aside. Exits with 1 if anything is off.
    """
    from streams.segments.files import chosen, segments_of
    from streams.segments.verify import verify

    found = verify(settings, chosen(segments_of(settings), names))
    if as_json:
        print_json(found.to_dict())
    else:
        _say_verified(found)
    if not found.ok:
        raise SystemExit(1)


@command.command()
@click.option(
    "--truth",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="As `footfall simulate --truth` wrote it.",
)
@json_option
@with_settings
def judge(settings: Settings, truth: Path, as_json: bool) -> None:
    """How well segments tell what only a simulation knows, as of the leader's last round."""
    from streams.segments.judged import judged
    from streams.simulate.known import Known

    known = Known.of_file(truth)
    with _opened(settings, ()) as (reader, _):
        found = judged(reader, known)
    if as_json:
        print_rows([{**one._asdict(), "precision": one.precision, "recall": one.recall} for one in found], as_json)
        return
    print_rows(
        [
            {"name": one.segment, "members": one.members, "right": one.right, "should be": one.known, "are": one.found}
            | {"precision": _shown_share(one.precision), "recall": _shown_share(one.recall), "who": one.truth}
            for one in found
        ],
        as_json,
    )


@contextmanager
def _opened(settings: Settings, names: Sequence[str]) -> Iterator[tuple[Reader, list[Segment]]]:
    """A reader, and the named segments or all."""
    from streams.clickhouse.reader import Reader
    from streams.segments.files import chosen, segments_of

    segments = chosen(segments_of(settings), names)
    reader = Reader(settings)
    try:
        yield reader, segments
    finally:
        reader.close()


def _say_uplift(found: Uplift, metric: str, days: float) -> None:
    from models.uplift import CONFIDENCE, LEAST

    treated, held_out = found.treated, found.held_out
    rows = [
        {"": name, "shoppers": arm.n, f"{metric} a shopper, {days:g} days": f"{arm.mean:.4g}"}
        for name, arm in (("treated", treated), ("held out", held_out))
    ]
    print_rows(rows, False)
    if min(treated.n, held_out.n) < LEAST:
        click.echo(f"Too few to say anything: each arm needs {LEAST} shoppers whose {days:g} days have passed.")
        return
    if found.low is None or found.high is None or found.p is None or found.detectable is None:
        click.echo("Nobody differs from anybody: there is nothing to compare.")
        return
    click.echo(f"Difference {found.difference:+.4g}, {CONFIDENCE:.0%} interval {found.low:+.4g} to {found.high:+.4g}.")
    if found.is_told:
        click.echo(f"Chance alone is an unlikely reason: p = {found.p:.2g}.")
    else:
        click.echo(
            f"Chance alone may be the reason: p = {found.p:.2g}. With so many shoppers, a true difference of "
            f"{found.detectable:.2g} would be found four times out of five."
        )


def _say_verified(found: Verified) -> None:
    if not found.at_ms:
        click.echo("The leader hasn't looked yet.")
        return
    print_rows(
        [
            {"name": one.name, "members": one.members, "missing": len(one.missing), "strange": len(one.strange)}
            | {"aside": one.aside}
            for one in found.segments
        ],
        False,
    )
    click.echo(
        f"As of {shown_time(found.at_ms)}, by the raw events; {found.changes:,} changes, {found.messages:,} messages"
        f"{'' if found.is_whole else ', the topic has lost its first ones'}."
    )
    for problem in found.problems or ["Nobody is missing, nobody strange, and the changes give the members."]:
        click.echo(problem)


def _shown_share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"
