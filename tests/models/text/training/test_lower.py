"""Frozen layers, passed once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.errors import TextModelUnusable
from models.text.training.lower import LowerInputs, TokenInputs, above, layers_of
from models.text.training.predict import predicted, predicted_from
from models.text.training.tokens import shuffled_batches, tokenised
from tests.models.text.tiny import tiny_model
from tests.models.text.training.texts import examples


def test_what_is_kept_gives_what_the_whole_encoder_gives() -> None:
    model = tiny_model()
    texts = examples(50).texts
    whole = predicted(model, texts)
    kept = LowerInputs(TokenInputs(model, tokenised(model, texts, 64)), model, 1, "fp32")
    with above(model.encoder, 1):
        upper = predicted_from(model, kept, "fp32")
    assert {name: column.shape for name, column in upper.items()} == {n: column.shape for n, column in whole.items()}
    for name, column in whole.items():
        np.testing.assert_allclose(upper[name], column, atol=2e-3)  # kept in 16 bits
    np.testing.assert_array_equal(predicted(model, texts)["embedding"], whole["embedding"])  # all layers are back


def test_the_encoder_is_whole_again_after_an_error() -> None:
    model = tiny_model()
    with pytest.raises(ZeroDivisionError), above(model.encoder, 1):
        raise ZeroDivisionError
    assert len(layers_of(model.encoder)) == 2
    assert torch.isfinite(model.read(torch.tensor([[2, 5, 3]]), torch.ones(1, 3, dtype=torch.long))["embedding"]).all()


def test_layers_elsewhere_are_refused() -> None:
    encoder = tiny_model().encoder
    encoder.encoder = torch.nn.Identity()
    with pytest.raises(TextModelUnusable, match="only BERT-like ones"):
        layers_of(encoder)


def test_batches_are_of_like_length_and_have_each_text_once() -> None:
    generator = np.random.default_rng(0)
    lengths = generator.integers(4, 200, 4_000).tolist()
    batches = shuffled_batches(lengths, 32, generator)
    assert sorted(np.concatenate(batches)) == list(range(4_000))
    padded = sum(len(rows) * max(lengths[row] for row in rows) for rows in batches)
    assert padded < 1.1 * sum(lengths)
