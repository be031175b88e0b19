"""How good training and the shipped model are, on public data.

Each measure tells what was learnt from and what was judged; nothing that is judged was learnt from, and texts that are
repeated are on one side only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.text.checkpoint import load, untrained
from models.text.model import ReviewModel
from models.text.training.composed import composed, sentences
from models.text.training.examples import Examples, joined, labelled
from models.text.training.metrics import evaluated
from models.text.training.neighbours import same_neighbours
from models.text.training.predict import predicted
from models.text.training.recipe import LORA, Recipe
from models.text.training.split import folds
from models.text.training.train import split, train

FOLDS = 5
_AMAZON = "amazon_cells"
_OTHERS = ("yelp", "imdb")
_CLOTHING = "womens_clothing_reviews.csv.gz"
_SAMPLE = 1_500
"""Texts of a fifth that the shipped adapter is judged by: two digits don't change with more."""
_CLOTHING_RECIPE = Recipe(epochs=2, freeze=3)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One figure, as often as it was measured."""

    what: str
    judged_on: str
    n: int
    """Texts judged, all times together."""
    values: list[float]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "mean": self.mean, "spread": self.spread}

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def spread(self) -> float:
        """Standard deviation."""
        return float(np.std(self.values))


@dataclass(frozen=True, kw_only=True)
class Plan:
    data_dir: Path
    seeds: int
    folds: Sequence[int]
    """Of the clothing reviews, those that are held out in turn."""


def amazon_folds(plan: Plan) -> Iterator[Measured]:
    """Each fifth in turn, learnt from the others and the sentences of the other sources."""
    amazon, others = sentences([_AMAZON]), sentences(_OTHERS)
    fold = folds(amazon.texts, FOLDS)
    accuracies = []
    for seed in range(plan.seeds):
        recipe = Recipe(seed=seed)
        found = []
        for number in range(FOLDS):
            trained = train("", *split(joined([amazon.take(fold != number), others]), recipe.validation), recipe)
            found.append(_figures(trained.model, amazon.take(fold == number))["accuracy"])
        accuracies.append(float(np.mean(found)))
    yield Measured(
        what="sentiment accuracy, trained on its other fifths, Yelp and IMDb",
        judged_on=f"{_AMAZON}, mean of {FOLDS} fifths",
        n=len(amazon) * plan.seeds,
        values=accuracies,
    )


def shipped_way(plan: Plan) -> Iterator[Measured]:
    """An adapter as the shipped one is made, without the sentences that it is judged by."""
    amazon = sentences([_AMAZON])
    accuracies = []
    for seed in range(plan.seeds):
        recipe = replace(LORA, seed=seed)
        trained = train("", *composed(_OTHERS, held_out=recipe.validation, seed=seed), recipe)
        accuracies.append(_figures(trained.model, amazon)["accuracy"])
    yield Measured(
        what="sentiment accuracy, trained as the shipped adapter but without it",
        judged_on=_AMAZON,
        n=len(amazon) * plan.seeds,
        values=accuracies,
    )


def clothing_trained(plan: Plan) -> Iterator[Measured]:
    """`text train` on real reviews with stars."""
    examples = _clothing(plan)[0]
    fold = folds(examples.texts, FOLDS)
    recipe = _CLOTHING_RECIPE
    found = []
    for number in plan.folds:
        trained = train("", *split(examples.take(fold != number), recipe.validation), recipe)
        found.append(_figures(trained.model, examples.take(fold == number)))
    yield from _of_stars(found, "trained on its other fifths", f"women's clothing, fifths {list(plan.folds)}")


def clothing_shipped(plan: Plan) -> Iterator[Measured]:
    """The shipped adapter on the same reviews, of which it has seen none."""
    examples = _clothing(plan)[0]
    fold = folds(examples.texts, FOLDS)
    model = load()
    found = [_figures(model, examples.take(np.flatnonzero(fold == number)[:_SAMPLE])) for number in plan.folds]
    yield from _of_stars(found, "shipped adapter", f"women's clothing, fifths {list(plan.folds)}")


def similarity(plan: Plan) -> Iterator[Measured]:
    """Whether the nearest texts are still of the same subject."""
    examples, kinds = _clothing(plan)
    chosen = np.flatnonzero(folds(examples.texts, FOLDS) == plan.folds[0])[:_SAMPLE]
    part, kinds = examples.take(chosen), kinds[chosen]
    for name, model in (("encoder as it comes", untrained()), ("shipped adapter", load())):
        vectors = predicted(model.eval(), part.texts, precision="auto")["embedding"]
        yield Measured(
            what=f"share of the 10 nearest texts of the same kind of garment, {name}",
            judged_on=f"women's clothing, fifth {plan.folds[0]}",
            n=len(part),
            values=[same_neighbours(vectors, kinds, 10)],
        )


MEASURES: Mapping[str, Callable[[Plan], Iterator[Measured]]] = {
    "amazon": amazon_folds,
    "shipped-way": shipped_way,
    "clothing": clothing_trained,
    "clothing-shipped": clothing_shipped,
    "similarity": similarity,
}
_NEED_CLOTHING = ("clothing", "clothing-shipped", "similarity")


def measurable(data_dir: Path) -> list[str]:
    """Names of the measures whose data is there: that of the first two ships."""
    there = (data_dir / _CLOTHING).is_file()
    return [name for name in MEASURES if there or name not in _NEED_CLOTHING]


def _clothing(plan: Plan) -> tuple[Examples, Any]:
    """The reviews with text, and the class of garment of each."""
    table = pd.read_csv(plan.data_dir / _CLOTHING).dropna(subset=["Review Text"])
    examples = labelled(table["Review Text"].tolist(), ratings=table["Rating"].tolist())
    return examples, table["Class Name"].astype(str).to_numpy()


def _figures(model: ReviewModel, examples: Examples) -> dict[str, Any]:
    return evaluated(predicted(model, examples.texts), examples)


def _of_stars(found: Sequence[Mapping[str, Any]], how: str, judged_on: str) -> Iterator[Measured]:
    for key, what in (("auc", "AUC of up to 2 against 4 stars and more"), ("rating_mae", "error of the rating, stars")):
        values = [figures[key] for figures in found]
        n = sum(figures["n"] for figures in found)
        yield Measured(what=f"{what}, {how}", judged_on=judged_on, n=n, values=values)
