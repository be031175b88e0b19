"""``footfall topics``: what Footfall reads and writes on the broker."""

from __future__ import annotations

import asyncio

import click

from streams.commands import with_settings
from streams.settings import Settings


@click.group("topics", help="Create and list the topics.")
def command() -> None:
    pass


@command.command()
@click.option("--update", is_flag=True, help="Configure existing topics as the settings say, too.")
@with_settings
def create(settings: Settings, update: bool) -> None:
    """Create the topics that are missing, and say where existing ones aren't kept as the settings say."""
    from streams.transport.topic_configs import configure, differences
    from streams.transport.topics import ensure_topics

    created = asyncio.run(ensure_topics(settings))
    click.echo(f"Created: {', '.join(created)}" if created else "All topics exist.")
    differing = asyncio.run(differences(settings))
    for difference in differing:
        click.echo(f"{difference.topic}: {difference.config} is {difference.found}, not {difference.wanted}")
    if differing and update:
        asyncio.run(configure(differing, settings))
        click.echo("Configured them so.")
    elif differing:
        click.echo("They stay as they are; `footfall topics create --update` configures them so.")


@command.command("list")
@with_settings
def list_(settings: Settings) -> None:
    """List the topics with their partitions. Exits with 1 where they can't be worked with as they are."""
    from rich.console import Console
    from rich.table import Table

    from schemas.topics import ALL, INPUTS, TopicNames
    from streams.transport.topics import check_partition_counts, describe

    names = TopicNames(prefix=settings.topic_prefix)
    counts = asyncio.run(describe(settings))
    table = Table("topic", "", "partitions", box=None, pad_edge=False)
    for topic in ALL:
        name = names.on_broker(topic)
        table.add_row(name, "read" if topic in INPUTS else "written", str(counts.get(name, "missing")))
    Console().print(table)
    check_partition_counts(counts, names, ALL)
