"""``footfall text evaluate``: judge a text model by texts with labels."""

from __future__ import annotations

from pathlib import Path

import click

from streams.commands.text.columns import with_columns
from streams.errors import Invalid


@click.command("evaluate")
@click.option("--model", default="", help="Folder of the model. [default: the one that ships]")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="csv, parquet or jsonl, gzipped or not.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one line of JSON.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda or cuda:1; auto for cuda if there is one.")
@with_columns
def command(
    model: str, data: Path, as_json: bool, device: str, text: str | None, label: str | None, rating: str | None
) -> None:
    """Read all texts that have a label or a rating and compare: accuracy, macro F1, AUC of positive against negative,
    the rating's mean absolute error, and the confusion matrix.
    """
    import json

    from models.text.checkpoint import load
    from models.text.training.metrics import evaluated
    from models.text.training.predict import predicted
    from streams.text_training.device import device_of
    from streams.text_training.files import read_examples
    from streams.text_training.show import show

    examples = read_examples(data, text=text, label=label, rating=rating)
    if not len(examples):
        raise Invalid(f"{data} has no text with a label or a rating")
    loaded = load(model).to(device_of(device))
    figures = {"model": loaded.name, **evaluated(predicted(loaded, examples.texts), examples)}
    if as_json:
        click.echo(json.dumps(figures))
    else:
        show(figures)
