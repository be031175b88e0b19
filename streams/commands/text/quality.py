"""``footfall text quality``: judge training and the shipped model on public data."""

from __future__ import annotations

from pathlib import Path

import click

from streams.errors import Invalid


@click.command("quality")
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--only", "chosen", multiple=True, help="A measure, such as amazon; may be given several times.")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Of the measures on sentences.")
@click.option("--fold", "folds", type=click.IntRange(0, 4), multiple=True, help="Of the clothing reviews. [default: 0]")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one line of JSON.")
def command(data_dir: Path, chosen: tuple[str, ...], seeds: int, folds: tuple[int, ...], as_json: bool) -> None:
    """Train and judge on sentences that ship and, where DATA_DIR has them, on women's clothing reviews.

    Takes about an hour of two cores for all.
    """
    import json

    from rich.console import Console
    from rich.table import Table

    from streams.text_training.quality import MEASURES, Measured, Plan, measurable

    there = measurable(data_dir)
    for name in chosen:
        if name not in MEASURES:
            raise Invalid(f"there is no measure {name}: there are {', '.join(MEASURES)}")
        if name not in there:
            raise Invalid(f"{name} needs the clothing reviews, which {data_dir} doesn't have")
    plan = Plan(data_dir=data_dir, seeds=seeds, folds=folds or (0,))
    found: list[Measured] = []
    for name in chosen or there:
        found += MEASURES[name](plan)
    if as_json:
        click.echo(json.dumps([measured.to_json() for measured in found]))
        return
    table = Table(box=None)
    for heading in ("what", "judged on", "n", "times", "mean", "spread"):
        table.add_column(heading, justify="left" if heading in ("what", "judged on") else "right")
    for row in found:
        table.add_row(
            row.what, row.judged_on, f"{row.n:,}", str(len(row.values)), f"{row.mean:.3f}", f"{row.spread:.3f}"
        )
    Console().print(table)
