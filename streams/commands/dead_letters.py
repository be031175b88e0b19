"""``footfall dead-letters``: look at records that could not be used, and send them again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from schemas.topics import LOGS
from streams.commands import with_settings
from streams.settings import Settings
from streams.show import printable

if TYPE_CHECKING:
    from streams.dead_letters import Group, Kept

topic_option = click.option("--topic", type=click.Choice(LOGS), help="Only those of one topic.")
reason_option = click.option("--reason", help="Only those whose reason contains this text.")


@click.group("dead-letters", help="List, show and resend records that could not be used.")
def command() -> None:
    pass


@command.command("list")
@topic_option
@reason_option
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Lines to print, at most.")
@click.option("--full", is_flag=True, help="Print the letters one by one, with the records as they came.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@with_settings
def list_letters(
    settings: Settings, topic: str | None, reason: str | None, limit: int, full: bool, as_json: bool
) -> None:
    """Count the dead letters by topic and reason, the most frequent first."""
    from streams.clickhouse.reader import Reader
    from streams.dead_letters import Selection, groups, letters

    reader = Reader(settings)
    selection = Selection(topic=topic, reason=reason)
    try:
        if full:
            _print_letters(letters(reader, selection, limit=limit), as_json)
        else:
            _print_groups(groups(reader, selection, limit=limit), as_json)
    finally:
        reader.close()


@command.command()
@topic_option
@reason_option
@click.option("--again", is_flag=True, help="Also those that were sent again before.")
@click.option("--dry-run", is_flag=True, help="Only count what would be sent.")
@with_settings
def replay(settings: Settings, topic: str | None, reason: str | None, again: bool, dry_run: bool) -> None:
    """Send dead letters to their topics again, after the cause was removed."""
    import asyncio

    from streams.clickhouse.reader import Reader
    from streams.dead_letters import Selection, count
    from streams.dead_letters import replay as send

    selection = Selection(topic=topic, reason=reason, replayed=again)
    if dry_run:
        reader = Reader(settings)
        try:
            click.echo(f"{count(reader, selection)} dead letters would be sent.")
        finally:
            reader.close()
    else:
        click.echo(f"{asyncio.run(send(settings, selection))} dead letters sent.")


def _print_groups(found: list[Group], as_json: bool) -> None:
    from dataclasses import asdict

    import orjson
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if as_json:
        for group in found:
            click.echo(orjson.dumps(asdict(group)))
        return
    table = Table("topic", "reason", box=None, pad_edge=False)
    for name in ("letters", "sent again"):
        table.add_column(name, justify="right")
    for name in ("first", "last"):
        table.add_column(name)
    for group in found:
        counts = f"{group.letters:,}", f"{group.replayed:,}"
        table.add_row(group.topic, Text(group.reason), *counts, _time(group.first_ms), _time(group.last_ms))
    Console().print(table if found else "No dead letters.")


def _print_letters(found: Iterable[Kept], as_json: bool) -> None:
    for kept in found:
        letter = kept.letter
        if as_json:
            click.echo(letter.to_json())
            continue
        sent_again = f", sent again {_time(kept.replayed_ms)}" if kept.replayed_ms else ""
        click.echo(f"{letter.topic}, partition {letter.partition}, offset {letter.offset}: {letter.reason}{sent_again}")
        click.echo(f"  {_time(letter.record_ts)}  {_shown(letter.key)}  {_shown(letter.value)}")


def _shown(value: bytes) -> str:
    return printable(value.decode(errors="backslashreplace"))


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
