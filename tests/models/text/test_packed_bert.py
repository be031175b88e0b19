from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import BertModel

from models.text.forward import Ids, PackedForward, PaddedForward, open_forward
from models.text.packed_bert import PackedBert
from models.text.precision import agree
from tests.models.text.tiny import tiny_model

CPU = torch.device("cpu")
MODEL = tiny_model()
BATCH: list[Ids] = [
    np.random.default_rng(length).integers(5, 60, length).astype(np.int32) for length in (40, 40, 40, 17, 9, 9, 2, 3)
]


@pytest.fixture(scope="module")
def reference() -> np.ndarray:
    return PaddedForward(MODEL, device=CPU, precision="fp32")(BATCH).numpy()


def test_fp32_is_the_models_own(reference: np.ndarray) -> None:
    assert PackedBert.takes(MODEL.encoder, "fp32")
    np.testing.assert_allclose(PackedForward(MODEL, "fp32")(BATCH).numpy(), reference, atol=1e-5)


@pytest.mark.parametrize("forward", [PackedForward(MODEL, "bf16"), PaddedForward(MODEL, device=CPU, precision="bf16")])
def test_bf16_agrees(forward: PackedForward | PaddedForward, reference: np.ndarray) -> None:
    found = forward(BATCH).numpy()
    assert agree(MODEL, found, reference)
    assert not np.array_equal(found, reference)


@pytest.mark.parametrize("forward", [PackedForward(MODEL, "int8"), PaddedForward(MODEL, device=CPU, precision="int8")])
def test_int8_is_near(forward: PackedForward | PaddedForward, reference: np.ndarray) -> None:
    found = forward(BATCH).numpy()
    np.testing.assert_allclose(found, reference, atol=0.05)
    assert not np.array_equal(found, reference)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_a_text_is_read_as_it_is_alone(precision: str) -> None:
    forward = PackedForward(MODEL, precision)
    alone = torch.cat([forward([ids]) for ids in BATCH])
    torch.testing.assert_close(forward(BATCH), alone, atol=1e-2 if precision == "bf16" else 1e-5, rtol=0)


def test_attention_is_the_same_some_texts_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = PackedForward(MODEL, "bf16")
    at_once = forward(BATCH)
    monkeypatch.setattr("models.text.packed_attention._SCORES", 1)
    torch.testing.assert_close(forward(BATCH), at_once, atol=1e-2, rtol=0)


def test_other_architectures_are_left_to_transformers() -> None:
    class Other(BertModel):
        pass

    model = tiny_model()
    model.encoder.__class__ = Other
    for precision in ("fp32", "bf16", "int8"):
        assert isinstance(open_forward(model, device=CPU, precision=precision), PaddedForward)


def test_disagreement_is_told(reference: np.ndarray) -> None:
    assert agree(MODEL, reference, reference)
    for column in (0, 3):
        other = reference.copy()
        other[0, column] += 0.2
        assert not agree(MODEL, other, reference)
    other = reference.copy()
    other[0, 4:] = other[0, 4:][::-1]
    assert not agree(MODEL, other, reference)


def test_the_model_stays_as_it_was() -> None:
    open_forward(MODEL, device=CPU, precision="bf16")
    PaddedForward(MODEL, device=CPU, precision="bf16")
    assert {weights.dtype for weights in MODEL.parameters()} == {torch.float32}
