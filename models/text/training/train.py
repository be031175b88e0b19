"""From examples to a trained model with its figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.errors import ExamplesRefused
from models.text.checkpoint import save, save_adapter, untrained
from models.text.encoders import fingerprint
from models.text.lora import Adapter, merge
from models.text.model import ReviewModel
from models.text.training.examples import Examples
from models.text.training.loop import Progressed, fit
from models.text.training.metrics import evaluated
from models.text.training.predict import predicted
from models.text.training.recipe import Recipe
from models.text.training.split import validation

_FEWEST = 20


@dataclass(frozen=True, kw_only=True)
class Trained:
    model: ReviewModel
    """With the adapter merged, where there is one."""
    adapter: Adapter | None
    history: list[dict[str, float]]
    figures: dict[str, Any]
    """On the validation texts; empty where there are none."""

    def save(self, folder: Path, *, name: str) -> None:
        """The whole model, or the adapter alone where one was trained."""
        if self.adapter is None:
            save(self.model, folder, name=name)
        else:
            save_adapter(self.adapter, self.model.heads, folder, name=name)


def split(examples: Examples, share: float) -> tuple[Examples, Examples]:
    """For training and for validation."""
    held_out = validation(examples.texts, share)
    return examples.take(~held_out), examples.take(held_out)


def train(
    base: str,
    training: Examples,
    held_out: Examples,
    recipe: Recipe,
    *,
    device: torch.device | str = "cpu",
    progressed: Progressed = lambda passed: None,
) -> Trained:
    """Trains a model from ``base``, as ``checkpoint.untrained`` takes it. Blocks for minutes.

    Raises ``TextModelUnusable`` and ``ExamplesRefused``.
    """
    if len(training) < _FEWEST:
        raise ExamplesRefused(f"{len(training)} texts with a label or rating to learn from: {_FEWEST} are needed")
    model = untrained(base, seed=recipe.seed).to(device)
    weights = fingerprint(model.encoder) if recipe.lora_rank else ""
    fitted = fit(model, training, held_out, recipe, progressed=progressed)
    model.cpu()
    adapter = None
    if recipe.lora_rank:
        factors = {name: factor.cpu() for name, factor in fitted.factors.items()}
        adapter = Adapter(base=base, fingerprint=weights, scale=recipe.lora_scale, factors=factors)
        merge(model.encoder, adapter)
    figures = evaluated(predicted(model, held_out.texts), held_out) if len(held_out) else {}
    return Trained(model=model, adapter=adapter, history=fitted.history, figures=figures)
