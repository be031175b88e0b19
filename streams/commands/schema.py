"""``footfall schema``: the contract of producers and consumers, as JSON Schema."""

from __future__ import annotations

import json

import click


@click.command("schema")
@click.argument("topic", required=False)
def command(topic: str | None) -> None:
    """Print the JSON Schema of the events on TOPIC, or of all topics.

    Of a topic that Footfall writes, it is that of what is found there.
    """
    from schemas.json_schema import FORMATS, json_schema

    if topic is not None and topic not in FORMATS:
        raise click.BadParameter(f"{topic!r} has no schema; those are {', '.join(FORMATS)}", param_hint="TOPIC")
    click.echo(json.dumps(json_schema([topic] if topic else list(FORMATS)), indent=2))
