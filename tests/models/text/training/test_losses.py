"""Class weights, and what each head is to lessen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from models.text.training.losses import Targets, Weights, class_weights, embedding, rating, sentiment

ALIKE = Weights(sentiment=torch.ones(3), keep=0.5)


def targets(sentiment: list[int], stars: list[float]) -> Targets:
    return Targets(sentiment=torch.tensor(sentiment), stars=torch.tensor(stars), embedding=torch.eye(len(sentiment), 4))


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_class_weights_are_one_on_average(power: float) -> None:
    codes = np.repeat([0, 1, 2, -1], [10, 40, 50, 7])
    weights = class_weights(codes, 3, power=power).numpy()
    assert weights[codes[codes >= 0]].mean() == pytest.approx(1, rel=1e-5)
    assert weights[0] / weights[1] == pytest.approx(4**power, rel=1e-5)


def test_a_class_that_is_not_there_has_no_weight() -> None:
    assert class_weights(np.array([0, 2, 2]), 3, power=1).tolist() == pytest.approx([1.5, 0, 0.75])


def test_what_nobody_said_teaches_nothing() -> None:
    logits = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    known = functional.cross_entropy(logits[:2], torch.tensor([0, 2]))
    assert sentiment(logits, targets([0, 2, -1], [1, 5, 3]), ALIKE).item() == pytest.approx(known.item())
    assert sentiment(logits, targets([-1, -1, -1], [1, 1, 1]), ALIKE).item() == 0


def test_stars_between_two_are_shared_by_them() -> None:
    logits = torch.randn(2, 5, generator=torch.Generator().manual_seed(1))
    logs = logits.log_softmax(dim=-1)
    expected = -(0.75 * logs[0, 1] + 0.25 * logs[0, 2])
    assert rating(logits, targets([0, 0], [2.25, float("nan")]), ALIKE).item() == pytest.approx(expected.item())


def test_the_embedding_is_kept_by_its_direction() -> None:
    towards = targets([0, 0], [1, 1])
    assert embedding(3 * towards.embedding, towards, ALIKE).item() == pytest.approx(0)
    assert embedding(towards.embedding.flip(0), towards, ALIKE).item() == pytest.approx(0.5)
