"""``footfall text train``: fine-tune the text model on texts with labels."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.commands.text.columns import with_columns
from streams.errors import Invalid

if TYPE_CHECKING:
    from models.text.training.examples import Examples
    from models.text.training.recipe import Recipe
    from models.text.training.train import Trained

_SHIPPED = "shipped"


@click.command("train")
@click.option("--data", required=True, help="csv, parquet or jsonl, gzipped or not; `shipped` for what comes along.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the model.")
@click.option("--base", default="", help="Folder or name of the encoder to start from. [default: the one that ships]")
@click.option("--epochs", type=click.IntRange(1, 100), help="At most. [default: 3]")
@click.option("--lr", type=click.FloatRange(0, 1, min_open=True), help="[default: 0.0001, with --lora 0.001]")
@click.option("--batch-size", type=click.IntRange(1, 1_024), help="[default: 32]")
@click.option("--freeze", type=click.IntRange(0), help="Lowest layers that stay; 0 trains everything. [default: 2]")
@click.option("--lora", is_flag=True, help="Learn an adapter: DIR then holds what differs from the base.")
@click.option("--max-tokens", type=click.IntRange(8), help="Of a text that are learnt from. [default: 256]")
@click.option("--validation", type=click.FloatRange(0, 0.5), help="Share of texts held out. [default: 0.1]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--device", default="auto", show_default=True, help="cpu, cuda or cuda:1; auto for cuda if there is one.")
@click.option("--name", help="Stands in the scores with a fingerprint. [default: the folder's]")
@click.option("--license", "terms", default="apache-2.0", show_default=True, help="Of the model, for its card.")
@with_columns
def command(
    data: str,
    out: Path,
    base: str,
    lora: bool,
    seed: int,
    device: str,
    name: str | None,
    terms: str,
    text: str | None,
    label: str | None,
    rating: str | None,
    **given: Any,
) -> None:
    """Fine-tune on texts that have labels (0 and 1; -1, 0 and 1; negative, neutral and positive) or ratings (1 to 5).

    A rating says the sentiment, too: up to 2 is negative, from 4 on positive. Part of the texts is held out to tell
    when to stop; DIR gets the model, its card, and metrics.json and confusion.png of those texts.
    """
    recipe = _recipe(given, lora=lora, seed=seed)
    training, held_out = _examples(data, recipe, text=text, label=label, rating=rating)
    out.mkdir(parents=True, exist_ok=True)
    trained = _train(base, training, held_out, recipe, device)
    texts = (len(training), len(held_out))
    _write(trained, out, recipe, name=name or out.resolve().name, base=base, data=data, terms=terms, texts=texts)


def _recipe(given: dict[str, Any], *, lora: bool, seed: int) -> Recipe:
    from models.text.training.recipe import LORA, Recipe

    chosen = {name: value for name, value in given.items() if value is not None}
    return replace(LORA if lora else Recipe(), **chosen, seed=seed)


def _examples(
    data: str, recipe: Recipe, *, text: str | None, label: str | None, rating: str | None
) -> tuple[Examples, Examples]:
    from models.text.training.composed import composed
    from models.text.training.train import split
    from streams.text_training.files import read_examples

    if data == _SHIPPED:
        if text or label or rating:
            raise Invalid("the shipped data has columns of its own: none can be named")
        return composed(held_out=recipe.validation, seed=recipe.seed)
    return split(read_examples(Path(data), text=text, label=label, rating=rating), recipe.validation)


def _train(base: str, training: Examples, held_out: Examples, recipe: Recipe, device: str) -> Trained:
    from models.text.training.train import train
    from streams.text_training.device import device_of
    from streams.text_training.progress import shown

    with shown("training", recipe.epochs * len(training)) as progressed:
        return train(base, training, held_out, recipe, device=device_of(device), progressed=progressed)


def _write(
    trained: Trained, out: Path, recipe: Recipe, *, name: str, base: str, data: str, terms: str, texts: tuple[int, int]
) -> None:
    import json
    from importlib.util import find_spec

    from models.text.training.card import card
    from models.text.training.composed import ABOUT
    from streams.text_training.plot import draw_confusion
    from streams.text_training.show import show

    trained.save(out, name=name)
    figures = {**trained.figures, "history": trained.history, "recipe": asdict(recipe)}
    (out / "metrics.json").write_text(json.dumps(figures, indent=2) + "\n")
    about = ABOUT if data == _SHIPPED else f"The texts of {Path(data).name}."
    page = card(name=name, base=base, data=about, figures=trained.figures, recipe=recipe, texts=texts, license=terms)
    (out / "README.md").write_text(page)
    if "confusion" in trained.figures and find_spec("matplotlib"):
        draw_confusion(trained.figures, out / "confusion.png")
    show(trained.figures)
