"""``footfall schema``: the contract of producers and consumers, as JSON Schema."""

from __future__ import annotations

import json

import click

_ALERTS = "alerts"


@click.command("schema")
@click.argument("topic", required=False)
def command(topic: str | None) -> None:
    """Print the JSON Schema of the events on TOPIC, or of all topics.

    Of a topic that Footfall writes, it is that of what is found there; alerts stands for all of these but
    reviews.scored. The schema has a property for each topic: put a record's value there to validate it.
    """
    from schemas.json_schema import FORMATS, json_schema
    from schemas.topics import OUTPUTS

    if topic is not None and topic not in (*FORMATS, _ALERTS):
        told = (
            f"{topic!r} has no schema; those that have are {', '.join(FORMATS)}, and {_ALERTS} for the alerts' topics"
        )
        raise click.BadParameter(told, param_hint="TOPIC")
    topics = OUTPUTS if topic == _ALERTS else [topic] if topic else list(FORMATS)
    click.echo(json.dumps(json_schema(topics), indent=2))
