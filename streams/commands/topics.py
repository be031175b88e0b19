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
@with_settings
def create(settings: Settings) -> None:
    """Create the topics that are missing; existing ones stay as they are."""
    from streams.transport.topics import ensure_topics

    created = asyncio.run(ensure_topics(settings))
    click.echo(f"Created: {', '.join(created)}" if created else "All topics exist.")


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
