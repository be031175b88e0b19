"""``footfall erase``: a person out of all tables, topics and caches, with a signed receipt."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from streams.commands import with_settings
from streams.settings import Settings


class _Erase(click.Group):
    """What isn't the name of a subcommand is somebody's id."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "person", person, args


@click.group("erase", cls=_Erase, context_settings={"ignore_unknown_options": True})
def command() -> None:
    """Remove a person from all tables and topics, for good.

    \b
    footfall erase USER [OPTIONS]    erase USER; see footfall erase person --help
    footfall erase verify FILE       check a receipt
    """


@command.command()
@click.argument("user", metavar="USER")
@click.option("--dry-run", is_flag=True, help="Only count what there is.")
@click.option("--by", default="", help="Who asks for it, for the receipt.")
@click.option("--reason", default="", help="Why, for the receipt.")
@click.option("--gone", multiple=True, metavar="WORKER", help="A worker that has ended without saying so.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long workers have to take it up.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, as pipes are given, too.")
@with_settings
def person(
    settings: Settings,
    user: str,
    dry_run: bool,
    by: str,
    reason: str,
    gone: Sequence[str],
    wait_s: float,
    as_json: bool,
) -> None:
    """Erase USER, as the shop knows the person or as the tables do; of - many, one a line of the input.

    Prints a signed receipt. Interrupted or refused, it is finished by running it again; what the shop sends of the
    person from now on, or once more, is left out.
    """
    import orjson

    from streams.errors import Invalid
    from streams.privacy.erase import Order, count, erase

    users = [line.strip() for line in sys.stdin if line.strip()] if user == "-" else [user]
    if not users:
        raise Invalid("there is nobody on the input to erase")
    option = 0 if as_json or user == "-" else orjson.OPT_INDENT_2
    found = (
        count(settings, users)
        if dry_run
        else erase(settings, users, Order(by=by, reason=reason, gone=gone, wait_s=wait_s))
    )
    for one in found:
        click.echo(orjson.dumps(one, option=option))


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@click.option("--user", help="Also check that it is about this person.")
@with_settings
def verify(settings: Settings, file: Path, user: str | None) -> None:
    """Check a receipt; exit status 2 where it isn't right."""
    from streams.errors import Invalid
    from streams.privacy.keys import erasure_key
    from streams.privacy.receipt import verify as verified

    try:
        text = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Invalid(f"{file} can't be read: {error.strerror}") from None
    receipt = verified(text, erasure_key(settings), user_id=user)
    rows = sum(receipt["tables"].values())
    records = sum(receipt["topics"].values())
    click.echo(f"The receipt is right: erasure {receipt['erasure']}, {rows} rows and {records} records removed.")
