"""Training a tiny model: it learns, stops, and does it again the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from models.errors import ExamplesRefused
from models.text.encoders import fingerprint
from models.text.lora import Adapter, attach, detach, merge
from models.text.training.best import Best
from models.text.training.examples import Examples
from models.text.training.loop import fit
from models.text.training.lower import layers_of
from models.text.training.metrics import evaluated
from models.text.training.predict import predicted
from models.text.training.recipe import Recipe
from models.text.training.schedule import parameter_groups, warmup_and_decay
from tests.models.text.tiny import tiny_model
from tests.models.text.training.texts import examples

RECIPE = Recipe(epochs=3, lr=3e-3, head_lr=1e-2, freeze=1, precision="fp32")
NONE = Examples(texts=[], sentiment=np.empty(0, np.int64), stars=np.empty(0, np.float32))


@pytest.mark.parametrize("freeze", [0, 1])
def test_it_learns_what_is_there_to_learn(freeze: int) -> None:
    model = tiny_model()
    lowest = [weights.clone() for weights in layers_of(model.encoder)[0].parameters()]
    fitted = fit(model, examples(400), examples(100, seed=1), replace(RECIPE, freeze=freeze))
    figures = evaluated(predicted(model, examples(200, seed=2).texts), examples(200, seed=2))
    assert figures["accuracy"] > 0.95
    assert figures["rating_mae"] < 0.3
    assert fitted.history[-1]["loss"] < fitted.history[0]["loss"] / 2
    same = [torch.equal(*pair) for pair in zip(lowest, layers_of(model.encoder)[0].parameters(), strict=True)]
    assert all(same) if freeze else not any(same)


def test_a_seed_gives_the_same_weights_and_another_seed_others() -> None:
    def weights(seed: int) -> str:
        model = tiny_model()
        fit(model, examples(100), NONE, replace(RECIPE, epochs=1, seed=seed))
        return fingerprint(model.encoder)

    assert weights(1) == weights(1)
    assert weights(1) != weights(2)


def test_the_embedding_stays_near_the_bases() -> None:
    texts = examples(100, seed=3).texts
    base = predicted(tiny_model(), texts)["embedding"]
    cosines = {}
    for keep in (0.0, 30.0):
        model = tiny_model()
        fit(model, examples(300), NONE, replace(RECIPE, keep=keep))
        cosines[keep] = float((predicted(model, texts)["embedding"] * base).sum(axis=1).mean())
    assert cosines[30.0] > cosines[0.0] + 0.02
    assert cosines[30.0] > 0.95


def test_merged_changes_score_as_the_adapter_did() -> None:
    model = tiny_model()
    upper = layers_of(model.encoder)[1:]
    base = fingerprint(model.encoder)
    lora = attach(model.encoder, upper, rank=4, scale=2.0)
    generator = torch.Generator().manual_seed(0)
    for name, weights in model.encoder.named_parameters():
        if "lora_B" in name:
            weights.data.normal_(0, 0.3, generator=generator)
    texts = examples(40).texts
    apart = predicted(model, texts)
    factors = detach(lora)
    assert fingerprint(model.encoder) == base
    plain = predicted(model, texts)
    merge(model.encoder, Adapter(base="", fingerprint=base, scale=2.0, factors=factors))
    merged = predicted(model, texts)
    assert len(factors) == 2 * 6
    assert abs(apart["embedding"] - plain["embedding"]).max() > 0.05
    for name, column in apart.items():
        np.testing.assert_allclose(merged[name], column, atol=2e-6)


def test_an_adapter_is_all_that_is_learnt_of_the_encoder() -> None:
    model = tiny_model()
    base = fingerprint(model.encoder)
    fitted = fit(model, examples(100), NONE, replace(RECIPE, epochs=1, lora_rank=4))
    assert fingerprint(model.encoder) == base
    assert all(name.startswith("encoder.layer.1.") for name in fitted.factors)
    assert any(factor.abs().sum() > 0 for name, factor in fitted.factors.items() if name.endswith(".B"))


def test_with_all_layers_frozen_the_heads_learn() -> None:
    model = tiny_model()
    base = fingerprint(model.encoder)
    fitted = fit(model, examples(200), NONE, replace(RECIPE, freeze=2))
    assert fingerprint(model.encoder) == base
    assert fitted.history[-1]["loss"] < fitted.history[0]["loss"]


@pytest.mark.parametrize("recipe", [replace(RECIPE, freeze=3), replace(RECIPE, freeze=2, lora_rank=4)])
def test_more_layers_than_there_are_can_not_be_frozen(recipe: Recipe) -> None:
    with pytest.raises(ExamplesRefused, match="there are 2"):
        fit(tiny_model(), examples(50), NONE, recipe)


def test_training_stops_when_validation_gets_no_better() -> None:
    # Labels by chance: after the first epochs there is nothing to gain.
    noise = examples(60)
    shuffled = np.random.default_rng(0).permutation(60)
    noise = Examples(texts=noise.texts, sentiment=noise.sentiment[shuffled], stars=noise.stars[shuffled])
    fitted = fit(tiny_model(), noise, examples(60, seed=1), replace(RECIPE, epochs=30, patience=2))
    best = max(range(len(fitted.history)), key=lambda epoch: fitted.history[epoch]["quality"])
    assert len(fitted.history) == best + 1 + 2 < 30


def test_the_best_weights_are_restored() -> None:
    layer = nn.Linear(1, 1)
    best = Best(layer, patience=2)
    going_on = []
    for quality in (0.1, 0.7, 0.7, 0.2):
        layer.weight.data.fill_(quality)
        going_on.append(best.add(quality))
        layer.weight.data.fill_(-1)
    best.restore()
    assert going_on == [True, True, True, False]
    assert layer.weight.item() == pytest.approx(0.7)


def test_learning_rates() -> None:
    factors = [warmup_and_decay(100, 0.1)(step) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[9] == 1
    assert factors[55] == pytest.approx(0.5)
    assert factors[99] == pytest.approx(1 / 90)
    model = tiny_model()
    groups = parameter_groups(model, replace(RECIPE, lr=1.0, layer_decay=0.5))
    assert {group["lr"] for group in groups} == {RECIPE.head_lr, 1.0, 0.5, 0.25}
    placed = [id(weights) for group in groups for weights in group["params"]]
    assert sorted(placed) == sorted(id(weights) for weights in model.parameters())
