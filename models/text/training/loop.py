"""The epochs: AdamW on the heads' losses added up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from models.errors import ExamplesRefused
from models.text.heads import Sentiment
from models.text.lora import attach, detach
from models.text.model import ReviewModel
from models.text.training.best import Best
from models.text.training.examples import Examples
from models.text.training.losses import LOSSES, Targets, Weights, class_weights
from models.text.training.lower import Inputs, LowerInputs, TokenInputs, above, layers_of
from models.text.training.metrics import evaluated, quality
from models.text.training.precision import mixed
from models.text.training.predict import predicted_from
from models.text.training.recipe import Recipe
from models.text.training.schedule import parameter_groups, warmup_and_decay
from models.text.training.tokens import shuffled_batches, tokenised

Progressed = Callable[[int], None]
"""Told how many texts have passed, of ``epochs`` times those that there are."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    history: list[dict[str, float]] = field(default_factory=list)
    """By epoch: mean loss, and ``quality`` on the validation texts where there are any."""
    factors: dict[str, Tensor] = field(default_factory=dict)
    """Of the encoder, where an adapter was learnt: it isn't merged yet."""


def fit(
    model: ReviewModel,
    examples: Examples,
    validation: Examples,
    recipe: Recipe,
    *,
    progressed: Progressed = lambda passed: None,
) -> Fitted:
    """Trains ``model`` in place and leaves the weights that were best on ``validation``. Blocks for minutes.

    On a CPU the same seed and number of threads give the same weights. Raises ``ExamplesRefused`` where more layers
    are to be frozen than there are.
    """
    torch.manual_seed(recipe.seed)
    encoder = model.encoder
    encoder.requires_grad_(not recipe.freeze)
    upper = layers_of(encoder)[recipe.freeze :].requires_grad_(True)
    if recipe.freeze > len(layers_of(encoder)) or (recipe.lora_rank and not len(upper)):
        raise ExamplesRefused(f"{recipe.freeze} layers can't be frozen: there are {len(layers_of(encoder))}")
    lora = attach(encoder, upper, rank=recipe.lora_rank, scale=recipe.lora_scale) if recipe.lora_rank else None
    inputs: list[TokenInputs] | list[LowerInputs]
    inputs = [TokenInputs(model, tokenised(model, part.texts, recipe.max_tokens)) for part in (examples, validation)]
    with ExitStack() as stack:
        if recipe.freeze:
            inputs = [LowerInputs(part, model, recipe.freeze, recipe.precision) for part in inputs]
            stack.enter_context(above(encoder, recipe.freeze))
        history = _epochs(model, examples, validation, inputs, recipe, progressed)
    factors = detach(lora) if lora is not None else {}
    model.eval().requires_grad_(True)
    return Fitted(history=history, factors=factors)


def _epochs(
    model: ReviewModel,
    examples: Examples,
    validation: Examples,
    inputs: Sequence[TokenInputs | LowerInputs],
    recipe: Recipe,
    progressed: Progressed,
) -> list[dict[str, float]]:
    training, held_out = inputs
    device = next(model.parameters()).device
    targets = _targets(model, examples, training, recipe.precision)
    weights = Weights(
        sentiment=class_weights(examples.sentiment, len(Sentiment.columns), power=recipe.class_power).to(device),
        keep=recipe.keep,
    )
    optimizer = torch.optim.AdamW(parameter_groups(model, recipe), fused=True)
    steps = recipe.epochs * math.ceil(len(examples) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, warmup_and_decay(steps, recipe.warmup))
    generator = np.random.default_rng(recipe.seed)
    best = Best(model, recipe.patience)
    history: list[dict[str, float]] = []
    passed = 0
    for _ in range(recipe.epochs):
        model.train()
        losses = []
        for rows in shuffled_batches(training.lengths, recipe.batch_size, generator):
            loss = _loss(model, training(rows), targets.take(torch.from_numpy(rows).to(device)), weights, recipe)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            progressed(passed := passed + len(rows))
        history.append({"loss": float(np.mean(losses))})
        if len(validation):
            history[-1]["quality"] = quality(evaluated(predicted_from(model, held_out, recipe.precision), validation))
            if not best.add(history[-1]["quality"]):
                break
    if len(validation):
        best.restore()
    return history


def _loss(model: ReviewModel, batch: Inputs, targets: Targets, weights: Weights, recipe: Recipe) -> Tensor:
    with mixed(targets.stars.device, recipe.precision):
        states = model.encoder(**batch).last_hidden_state
    outputs = model.apply_heads(states.float(), batch["attention_mask"])
    return torch.stack([LOSSES[name](output, targets, weights) for name, output in outputs.items()]).sum()


def _targets(model: ReviewModel, examples: Examples, inputs: TokenInputs | LowerInputs, precision: str) -> Targets:
    """With the vectors of the model as it is before it learns."""
    device = next(model.parameters()).device
    return Targets(
        sentiment=torch.from_numpy(examples.sentiment).to(device),
        stars=torch.from_numpy(examples.stars).to(device),
        embedding=torch.from_numpy(predicted_from(model, inputs, precision)["embedding"]).to(device),
    )
