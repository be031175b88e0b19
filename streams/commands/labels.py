"""``footfall labels``: what became of the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from streams.commands import with_settings
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.learner.cases import Cases


@click.group("labels", help="See what became of the labels.")
def command() -> None:
    pass


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_settings
def stats(settings: Settings, as_json: bool) -> None:
    """Count the labels of each kind by what became of them, as the kind's champion has learnt them."""
    from models.catalogue import MODELS
    from streams.clickhouse.reader import Reader
    from streams.decisions import lineups
    from streams.learner.cases import label_cases

    reader = Reader(settings)
    try:
        versions = dict(reader.query("SELECT name, max(version) FROM models GROUP BY name"))
        champions = {kind: MODELS[lineup.champion] for kind, lineup in lineups(reader).items()}
        _print(
            {kind: label_cases(reader, spec, versions.get(spec.name, "")) for kind, spec in champions.items()}, as_json
        )
    finally:
        reader.close()


def _print(found: dict[str, Cases], as_json: bool) -> None:
    from dataclasses import asdict

    import orjson
    from rich.console import Console
    from rich.table import Table

    if as_json:
        click.echo(orjson.dumps({kind: asdict(cases) for kind, cases in found.items()}))
        return
    table = Table("", *found, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name in next(iter(asdict(cases) for cases in found.values())):
        table.add_row(name.replace("_", " "), *(f"{getattr(cases, name):,}" for cases in found.values()))
    Console().print(table)
