"""Learning rates, by layer and step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from models.text.model import ReviewModel
from models.text.training.lower import layers_of
from models.text.training.recipe import Recipe


def parameter_groups(model: ReviewModel, recipe: Recipe) -> list[dict[str, Any]]:
    """What AdamW is given: each layer at ``layer_decay`` times the rate of the one above, the heads at their own.

    Only what is to be learnt; biases and norms don't decay.
    """
    groups = _groups(model.heads, recipe.head_lr, recipe.weight_decay)
    placed = {id(parameter) for parameter in model.heads.parameters()}
    rate = recipe.lr
    for layer in reversed(layers_of(model.encoder)):
        groups += _groups(layer, rate, recipe.weight_decay)
        placed |= {id(parameter) for parameter in layer.parameters()}
        rate *= recipe.layer_decay
    rest = nn.ParameterList(parameter for parameter in model.parameters() if id(parameter) not in placed)
    return groups + _groups(rest, rate, recipe.weight_decay)


def warmup_and_decay(steps: int, warmup: float) -> Callable[[int], float]:
    """Of the step from 0: up to 1 over the share ``warmup`` of the steps, then down to 0, both in a line."""
    rising = max(round(warmup * steps), 1)

    def factor(step: int) -> float:
        return min((step + 1) / rising, (steps - step) / max(steps - rising, 1), 1.0)

    return factor


def _groups(module: nn.Module, rate: float, decay: float) -> list[dict[str, Any]]:
    learnt = [parameter for parameter in module.parameters() if parameter.requires_grad]
    wide = [parameter for parameter in learnt if parameter.ndim > 1]
    flat = [parameter for parameter in learnt if parameter.ndim <= 1]
    groups = [{"params": wide, "lr": rate, "weight_decay": decay}, {"params": flat, "lr": rate, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
